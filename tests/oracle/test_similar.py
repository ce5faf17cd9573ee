"""Latents that write in the same direction, against NumPy over the SAE's own file."""

import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.recordings import run
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


def answer(recording: Path, path: str, **parameters: object) -> Any:
    with serving(recording) as url:
        return get(url, path, **parameters)


def test_similar_latents_have_the_highest_cosines(tmp_path: Path) -> None:
    decoder = np.random.default_rng(5).standard_normal((N_LATENTS, WIDTH)).astype(np.float32)
    decoder[7] = 0  # similar to nothing
    decoder[290] = decoder[3] * 2
    found = answer(record(tmp_path, decoder), "similar/1.sae/3", limit=40)
    exact = decoder.astype(float)
    with np.errstate(invalid="ignore"):
        directions = exact / np.linalg.norm(exact, axis=1, keepdims=True)
    cosines = directions @ directions[3]
    cosines[3] = cosines[7] = -np.inf
    expected = np.argsort(-cosines, kind="stable")[:40]
    assert expected[0] == 290
    assert [s["unit"] for s in found["similar"]] == [f"1.sae:a/{latent}" for latent in expected]
    assert [s["cosine"] for s in found["similar"]] == pytest.approx(cosines[expected], abs=1e-12)
    assert found["reason"] == ""


def test_what_is_not_known_has_a_reason(tmp_path: Path) -> None:
    recording = record(tmp_path, None)
    found = answer(recording, "similar/1.sae/3")
    assert (found["similar"], "no decoder" in found["reason"]) == ([], True)
    with pytest.raises(urllib.error.HTTPError) as raised:
        answer(recording, "similar/1.mlp/3")
    assert raised.value.code == 400
    with (tmp_path / "a.safetensors").open("r+b") as weights:
        weights.seek(-1, 2)
        weights.write(b"?")
    found = answer(recording, "similar/1.sae/3")
    assert "not the weights" in found["reason"]
    (tmp_path / "a.safetensors").unlink()
    found = answer(recording, "similar/1.sae/3")
    assert "a.safetensors" in found["reason"]
