"""The logit lens of neurons and latents, /api/lens/, against NumPy over the tensors of the models.

For each architecture that actogram knows by a tiny random model, and for SmolLM2 by what Hugging
Face's own final norm and head make of a residual stream with and without what the unit writes.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.hugging_face import load
from oracle.make_tiny_gguf import KNOWN, N_EMBD, N_FF, N_LAYERS, Array, TinyModel
from oracle.real_model import real_model_in_float32
from oracle.recordings import record_sentence
from oracle.serving import get, serving
from safetensors.numpy import save_file

N_LATENTS = 6
EFFECT = 1e-5  # of the standard deviation: float32 sums of some dozen to a hundred products


def write_sae(path: Path, width: int, decoder: Array | None) -> None:
    arrays = {
        "encoder_linear.weight": np.ones((N_LATENTS, width), np.float32),
        "encoder_linear.bias": np.zeros(N_LATENTS, np.float32),
    }
    if decoder is not None:
        arrays["decoder_linear.weight"] = decoder.T.copy()  # [width, latent]
        arrays["decoder_linear.bias"] = np.zeros(width, np.float32)
    save_file(arrays, path)


def through_block(model: TinyModel, layer: int, block: str, vector: Array) -> Array:
    """What `vector` writes to the residual stream as input of a block's last projection."""
    names = {"mlp": ("ffn_down", "post_ffw_norm"), "z": ("attn_output", "post_attention_norm")}
    projection, norm = (f"blk.{layer}.{name}.weight" for name in names[block])
    written = model.tensors[projection].astype(float) @ vector
    return np.asarray(written * model.tensors.get(norm, 1.0))


def effects(model: TinyModel, written: Array) -> Array:
    if model.shape.norm != "rms":
        written = written - written.mean()
    gain = model.tensors.get("output_norm.weight", 1.0)
    unembedding = model.tensors.get("output.weight", model.tensors["token_embd.weight"])
    logits = unembedding.astype(float) @ (gain * written)
    return np.asarray(logits - logits.mean())


def assert_lens(found: Any, expected: Array) -> None:
    assert found["reason"] == ""
    assert found["n_tokens"] == len(expected)
    assert found["std"] == pytest.approx(expected.std(), rel=1e-5)
    for side, order in (("up", np.argsort(-expected)), ("down", np.argsort(expected))):
        tokens = found[side]
        ids = [token["id"] for token in tokens]
        values = np.array([token["effect"] for token in tokens])
        assert len(set(ids)) == len(ids) == min(len(expected), 10)
        # Near ties may come either way: each place has the right effect, and each id its own.
        np.testing.assert_allclose(
            values, expected[order[: len(ids)]], atol=EFFECT * expected.std()
        )
        np.testing.assert_allclose(values, expected[ids], atol=EFFECT * expected.std())


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_architecture(name: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, name)
    decoder = np.random.default_rng(3).standard_normal((N_LATENTS, N_FF)).astype(np.float32)
    sites = {"resid_post": N_EMBD, "mlp": N_FF, "z": N_EMBD, "attn_out": N_EMBD}
    saes: list[object] = []
    for site, width in sites.items():
        write_sae(tmp_path / f"{site}.safetensors", width, decoder[:, :width])
        saes += ["--sae", f"{tmp_path}/{site}.safetensors@1.{site}"]
    with serving(record_sentence(path, tmp_path, *saes), "--model", path) as url:
        for layer, neuron in ((0, 3), (1, N_FF - 1), (N_LAYERS - 1, 40)):
            written = through_block(model, layer, "mlp", np.eye(N_FF)[neuron])
            assert_lens(get(url, f"lens/{layer}.mlp/{neuron}"), effects(model, written))
        for site, width in sites.items():
            row = decoder[4, :width].astype(float)
            written = through_block(model, 1, site, row) if site in ("mlp", "z") else row
            assert_lens(get(url, f"lens/1.sae:{site}/4"), effects(model, written))


def test_a_real_model_writes_what_its_head_reads(tmp_path: Path) -> None:
    path = real_model_in_float32()
    model = load(path)
    stream = torch.randn(model.config.hidden_size, generator=torch.Generator().manual_seed(1))
    with (
        serving(record_sentence(path, tmp_path, "--layers", "12,29"), "--model", path) as url,
        torch.no_grad(),
    ):
        scale = (stream.double().square().mean() + model.config.rms_norm_eps).rsqrt()
        for layer, neuron in ((12, 345), (29, 1535)):
            write = model.model.layers[layer].mlp.down_proj.weight[:, neuron]
            # The norm's scale stays that of the stream, so the head sees the difference alone.
            gain = model.model.norm.weight.double()
            with_unit, without = (
                model.lm_head.double()(gain * scale * x.double()) for x in (stream + write, stream)
            )
            expected = ((with_unit - without) / scale).numpy()
            found = get(url, f"lens/{layer}.mlp/{neuron}")
            assert_lens(found, expected - expected.mean())


def test_a_refactored_neuron_writes_with_its_sign(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, "llama")
    gate, up = (model.tensors[f"blk.1.ffn_{name}.weight"] for name in ("gate", "up"))
    gain = model.tensors["blk.1.ffn_norm.weight"].astype(float) ** 2
    dots = (gate.astype(float) * up * gain).sum(axis=1)
    with serving(record_sentence(path, tmp_path, "--refactor-glu"), "--model", path) as url:
        for neuron in (int(np.argmin(dots)), int(np.argmax(dots))):
            written = through_block(model, 1, "mlp", np.eye(N_FF)[neuron])
            sign = np.sign(dots[neuron])
            assert_lens(get(url, f"lens/1.mlp/{neuron}"), sign * effects(model, written))


def test_a_latent_of_a_scaled_input_writes_in_the_models_scale(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, "llama")
    decoder = np.random.default_rng(3).standard_normal((N_LATENTS, N_EMBD)).astype(np.float32)
    weights = tmp_path / "a.safetensors"
    write_sae(weights, N_EMBD, decoder)
    scaled = f"{weights}@1.resid_post,input_scale=4"
    folded = f"{weights}@1.resid_post,name=folded,fold_decoder_norm=true"
    recording = record_sentence(path, tmp_path, "--sae", scaled, "--sae", folded)
    row = decoder[2].astype(float)
    with serving(recording, "--model", path) as url:
        assert_lens(get(url, "lens/1.sae:a/2"), effects(model, row / 4))
        unit_row = row / np.linalg.norm(row)
        assert_lens(get(url, "lens/1.sae:folded/2"), effects(model, unit_row))


def test_what_has_no_lens_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    TinyModel(path, "llama")
    write_sae(tmp_path / "none.safetensors", N_EMBD, None)
    sae = ["--sae", f"{tmp_path}/none.safetensors@1.resid_post"]
    recording = record_sentence(path, tmp_path, "--units", "mlp,attn", *sae)
    reasons = {"1.attn/2": "head", "1.sae:none/0": "no decoder"}
    with serving(recording, "--model", path) as url:
        for unit, words in reasons.items():
            found = get(url, f"lens/{unit}")
            assert words in found["reason"]
            assert (found["up"], found["down"], found["std"]) == ([], [], None)
        assert (
            len(get(url, "lens/1.mlp/3", limit=1000)["up"]) == get(url, "lens/1.mlp/3")["n_tokens"]
        )
    with serving(recording) as url:
        assert "--model" in get(url, "lens/1.mlp/3")["reason"]
