"""Units that write in the same direction, against NumPy over the files of SAEs and models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFReader
from oracle.make_tiny_gguf import KNOWN, N_FF, TinyModel
from oracle.real_model import real_model_in_float32
from oracle.recordings import record_sentence, run
from oracle.serving import ACTOGRAM, get, serving
from oracle.sites import Array
from safetensors.numpy import save_file

N_LATENTS, WIDTH = 300, 20


def record(folder: Path, decoder: Array | None) -> Path:
    random = np.random.default_rng(4)
    arrays = {
        "encoder_linear.weight": random.standard_normal((N_LATENTS, WIDTH)).astype(np.float32),
        "encoder_linear.bias": np.full(N_LATENTS, -3, np.float32),
    }
    if decoder is not None:
        arrays["decoder_linear.weight"] = decoder.T.copy()  # [width, latent]
        arrays["decoder_linear.bias"] = np.zeros(WIDTH, np.float32)
    save_file(arrays, folder / "a.safetensors")
    (folder / "t.txt").write_text("The quick brown fox jumps over the lazy dog.\n")
    sae = ["--sae", f"{folder}/a.safetensors@1.mlp"]
    run([ACTOGRAM, "record", f"fake:2x{WIDTH}", folder / "t.txt", "-o", folder / "r.acto", *sae])
    return folder / "r.acto"


def answer(recording: Path, path: str, *options: object, **parameters: object) -> Any:
    with serving(recording, *options) as url:
        return get(url, path, **parameters)


def assert_similar(found: Any, vectors: Array, unit: int, site: str, limit: int) -> list[int]:
    """`vectors`: what each unit writes. Returns the units that are expected."""
    assert found["reason"] == ""
    exact = vectors.astype(float)
    with np.errstate(invalid="ignore"):
        directions = exact / np.linalg.norm(exact, axis=1, keepdims=True)
    cosines = np.nan_to_num(directions @ directions[unit], nan=-np.inf)
    cosines[unit] = -np.inf
    expected = np.argsort(-cosines, kind="stable")[:limit]
    assert [s["unit"] for s in found["similar"]] == [f"{site}/{other}" for other in expected]
    assert [s["cosine"] for s in found["similar"]] == pytest.approx(cosines[expected], abs=1e-12)
    return [int(other) for other in expected]


def test_similar_latents_have_the_highest_cosines(tmp_path: Path) -> None:
    decoder = np.random.default_rng(5).standard_normal((N_LATENTS, WIDTH)).astype(np.float32)
    decoder[7] = 0  # similar to nothing
    decoder[290] = decoder[3] * 2
    found = answer(record(tmp_path, decoder), "similar/1.sae/3", limit=40)
    assert assert_similar(found, decoder, 3, "1.sae:a", 40)[0] == 290


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_similar_neurons_of_every_architecture(name: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    w_out = TinyModel(path, name).mlp_weight(2, "down").T
    recording = record_sentence(path, tmp_path)
    found = answer(recording, "similar/2.mlp/41", "--model", path, limit=1000)
    assert_similar(found, w_out, 41, "2.mlp", N_FF - 1)


def test_refactored_neurons_write_with_their_signs(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, "llama")
    gain = model.tensors["blk.1.ffn_norm.weight"].astype(float) ** 2
    dots = (model.mlp_weight(1, "gate").astype(float) * model.mlp_weight(1, "up") * gain).sum(
        axis=1
    )
    turned = model.mlp_weight(1, "down").T * np.sign(dots)[:, None]
    recording = record_sentence(path, tmp_path, "--refactor-glu", "--units", "mlp,attn")
    with serving(recording, "--model", path) as url:
        assert "attention head" in get(url, "similar/1.attn/0")["reason"]
        for neuron in (int(np.argmin(dots)), int(np.argmax(dots))):
            found = get(url, f"similar/1.mlp/{neuron}", limit=30)
            assert_similar(found, turned, neuron, "1.mlp", 30)


def test_similar_neurons_of_a_real_model(tmp_path: Path) -> None:
    path = real_model_in_float32()
    reader = GGUFReader(path)
    w_out = next(t for t in reader.tensors if t.name == "blk.29.ffn_down.weight").data.T
    recording = record_sentence(path, tmp_path, "--layers", "29")
    found = answer(recording, "similar/29.mlp/1535", "--model", path)
    assert_similar(found, w_out, 1535, "29.mlp", 20)


def test_what_is_not_known_has_a_reason(tmp_path: Path) -> None:
    recording = record(tmp_path, None)
    found = answer(recording, "similar/1.sae/3")
    assert (found["similar"], "no decoder" in found["reason"]) == ([], True)
    found = answer(recording, "similar/1.mlp/3")
    assert (found["similar"], "--model" in found["reason"]) == ([], True)
    found = answer(recording, "similar/1.mlp/3", "--model", f"fake:2x{WIDTH}")
    assert (found["similar"], "no weights" in found["reason"]) == ([], True)
    with (tmp_path / "a.safetensors").open("r+b") as weights:
        weights.seek(-1, 2)
        weights.write(b"?")
    found = answer(recording, "similar/1.sae/3")
    assert "not the weights" in found["reason"]
    (tmp_path / "a.safetensors").unlink()
    found = answer(recording, "similar/1.sae/3")
    assert "a.safetensors" in found["reason"]
