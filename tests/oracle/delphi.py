"""Delphi's latent caches for tests: made, imported, exported, and read by other means than ours."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from oracle.recordings import run
from oracle.sites import ROOT, program
from safetensors.numpy import load_file
from safetensors.torch import save_file as save_tensors

ACTOGRAM = program().with_name("actogram")
GOLDEN = ROOT / "tests/golden/delphi-cache"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
FORMAT = ("--format", "delphi")

Event = tuple[int, int, int, float]  # sequence, position, latent, value
Tensors = dict[str, Any]


def imported(folder: Path, *options: str) -> tuple[Path, Any]:
    """The recording, and what the import tells."""
    out = folder.with_name(folder.name + ".acto")
    command = [ACTOGRAM, "import", folder, "-o", out, *FORMAT, "--json", *options]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run([ACTOGRAM, "check", out])
    return out, json.loads(done.stdout)


def exported(recording: Path, *options: str) -> Path:
    out = recording.with_name(recording.name + ".out")
    run([ACTOGRAM, "export", recording, out, *FORMAT, *options])
    return out


def error_of(*command: Any) -> str:
    done = subprocess.run(
        [str(c) for c in (ACTOGRAM, *command)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


def arrow(recording: Path, name: str) -> pa.Table:
    with pa.memory_map(str(recording / name)) as file:
        return pa.ipc.open_file(file).read_all()


def splits_of(hookpoint: Path) -> list[Path]:
    return sorted(hookpoint.glob("*.safetensors"), key=lambda f: int(f.stem.split("_")[0]))


def load(file: Path) -> tuple[Any, Any, Any]:
    """What TensorBuffer.load gives: whole latents, exact values, tokens."""
    data = load_file(file)
    locations = data["locations"].astype(np.int64)
    locations[:, 2] += int(file.name.split("_")[0])
    return locations, torch.tensor(data["activations"]).numpy(), data["tokens"].astype(np.int64)


def per_latent(file: Path) -> Iterator[tuple[int, Any, Any]]:
    """What load_data_per_latent gives, latent by latent."""
    locations, activations, _ = load(file)
    order = np.argsort(locations[:, 2], kind="stable")
    locations, activations = locations[order], activations[order]
    latents, first = np.unique(locations[:, 2], return_index=True)
    ends = [*first[1:], len(locations)][: len(first)]
    for latent, begin, end in zip(latents, first, ends, strict=True):
        yield int(latent), locations[begin:end], activations[begin:end]


def rows(hookpoint: Path) -> list[Event]:
    """Every event that Delphi would find, with its float32."""
    found: list[Event] = []
    for file in splits_of(hookpoint):
        first, last = map(int, file.stem.split("_"))
        for latent, locations, values in per_latent(file):
            assert first <= latent <= last
            assert (locations[:, 2] == latent).all()
            found += zip(
                locations[:, 0].tolist(),
                locations[:, 1].tolist(),
                locations[:, 2].tolist(),
                values.astype(np.float32).tolist(),
                strict=True,
            )
    return sorted(found)


def events(recording: Path) -> dict[str, list[Event]]:
    """The recording's own events of each sparse site, by its manifest and tables alone."""
    manifest = json.loads((recording / "manifest.json").read_text())
    first = arrow(recording, "sequences.arrow")["first_token"].to_numpy()
    spans = arrow(recording, "unit_spans.arrow")
    table = arrow(recording, "unit_events.arrow")
    tokens, values = table["token"].to_numpy(), table["value"].to_numpy()
    unit = np.repeat(np.arange(len(spans)), spans["n_events"].to_numpy())
    sequence = np.searchsorted(first, tokens, side="right") - 1
    found, row = {}, 0
    for site in manifest["sites"]:
        mine = (unit >= row) & (unit < row + site["n_units"])
        if "/sae:" in site["name"]:
            found[site["name"]] = sorted(
                zip(
                    sequence[mine].tolist(),
                    (tokens[mine] - first[sequence[mine]]).tolist(),
                    (unit[mine] - row).tolist(),
                    values[mine].tolist(),
                    strict=True,
                )
            )
        row += site["n_units"]
    return found


def noise(width: int, seed: int, n: int = 2000, shape: tuple[int, int] = (50, 12)) -> Tensors:
    """An un-split cache: n places drawn without repetition, in no order."""
    random = np.random.default_rng(seed)
    places = random.permutation(shape[0] * shape[1] * width)[:n]
    locations = np.stack(
        [places // width // shape[1], places // width % shape[1], places % width], axis=1
    )
    values = random.standard_normal(n).astype(np.float32) + np.float32(1e-3)
    return {
        "locations": locations.astype(np.int64),
        "activations": values,
        "tokens": random.integers(0, 49152, shape),
    }


def write_splits(folder: Path, cache: Tensors, boundaries: list[int], **dtypes: Any) -> Path:
    """As save_splits has it; `dtypes` by tensor, of PyTorch."""
    folder.mkdir(parents=True)
    for first, end in zip(boundaries, boundaries[1:], strict=False):
        mine = (cache["locations"][:, 2] >= first) & (cache["locations"][:, 2] < end)
        tensors = {
            "locations": cache["locations"][mine] - np.array([0, 0, first]),
            "activations": cache["activations"][mine],
            "tokens": cache["tokens"],
        }
        typed = {k: torch.tensor(v).to(dtypes.get(k, torch.int64)) for k, v in tensors.items()}
        save_tensors(typed, folder / f"{first}_{end - 1}.safetensors")
    return folder


def expected_rows(cache: Tensors, dtype: torch.dtype) -> list[Event]:
    values = torch.tensor(cache["activations"]).to(dtype).float().numpy()
    return sorted(
        (int(sequence), int(position), int(latent), float(v))
        for (sequence, position, latent), v in zip(cache["locations"], values, strict=True)
    )
