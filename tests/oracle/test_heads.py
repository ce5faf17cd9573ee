"""Patterns and value norms of every architecture's heads, and the real model's against PyTorch.

    A_h(q, k): attention after the softmax;  ||v_k^h W_O^h||: with the value's bias alone

Of the tiny models the value vectors are held to what heads make of them, attn.hook_z, which
test_architectures.py holds to what attention writes: z_q = sum over k of A(q, k) v_k.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle import hugging_face
from oracle.heads import Heads, dump_heads
from oracle.make_tiny_gguf import CONTEXT, HEAD, KNOWN, N_EMBD, N_HEADS, N_LAYERS, TinyModel
from oracle.recordings import dump
from oracle.sites import Array

WINDOW = 16  # of the sliding layers of the tiny models
SLIDING = {"gemma2": [0, 2], "gemma3": [0, 1, 2]}


@pytest.fixture(params=sorted(KNOWN))
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[TinyModel, Path]:
    path = tmp_path / "tiny.gguf"
    return TinyModel(path, request.param), path


def sequences(n_vocab: int) -> list[Array]:
    random = np.random.default_rng(5)
    return [random.integers(4, n_vocab, n) for n in (1, 7, 40, 33)]


def test_patterns_and_norms(tiny: tuple[TinyModel, Path]) -> None:
    model, path = tiny
    layers = list(range(N_LAYERS))
    texts = sequences(model.n_vocab - 4)
    sites = [f"blocks.{layer}.attn.hook_z" for layer in layers]
    z = dump(path, texts, ",".join(sites), sites)
    for s, found in enumerate(dump_heads(path, texts, layers)):
        for layer in layers:
            heads = found[layer]
            n = len(texts[s])
            assert heads.pattern.shape == (N_HEADS, n, n)
            np.testing.assert_allclose(heads.pattern.sum(axis=2), 1, atol=1e-6)
            assert (np.triu(heads.pattern, 1) == 0).all()
            vectors = heads.vectors.reshape(-1, HEAD, n).transpose(0, 2, 1)
            vectors = vectors.repeat(N_HEADS // len(vectors), axis=0)  # [head, key, dimension]
            written = heads.pattern @ vectors
            expected = z[sites[layer]][s].reshape(n, N_HEADS, HEAD).transpose(1, 0, 2)
            np.testing.assert_allclose(written, expected, atol=2e-6 * np.abs(vectors).max())
            np.testing.assert_allclose(heads.norms, norms_of(model, layer, vectors), rtol=2e-6)


def norms_of(model: TinyModel, layer: int, vectors: Array) -> Array:
    output = model.tensors[f"blk.{layer}.attn_output.weight"].astype(np.float64)
    of_heads = output.reshape(N_EMBD, N_HEADS, HEAD)
    return np.asarray(np.linalg.norm(np.einsum("hkd,ohd->hko", vectors, of_heads), axis=2))


@pytest.mark.parametrize("name", sorted(SLIDING))
def test_sliding_windows(name: str, tmp_path: Path) -> None:
    """Outside the window of a sliding layer a head does not look."""
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, name)
    (found,) = dump_heads(path, [sequences(model.n_vocab - 4)[2]], list(range(N_LAYERS)))
    distance = np.arange(40)[:, None] - np.arange(40)[None, :]
    for layer in range(N_LAYERS):
        far = found[layer].pattern[:, distance >= WINDOW]
        assert (far == 0).all() == (layer in SLIDING[name])
        assert (found[layer].pattern[:, (distance >= 0) & (distance < WINDOW)] > 0).mean() > 0.9


def test_sizes_are_what_the_tiny_models_have() -> None:
    assert (N_HEADS * HEAD, WINDOW < 40 < CONTEXT) == (N_EMBD, True)


# The real model.

LAYERS = [0, 7, 15, 29]
# Sums run in another order; measured 1e-6 to 5e-6 of the largest.
TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def texts() -> list[Array]:
    random = np.random.default_rng(3)
    words = random.integers(1000, 40000, 60)
    # One with a repetition, so that there is something to attend to.
    return [np.concatenate([words, words]), words[:33]]


@pytest.fixture(scope="module")
def theirs(float32_model: Path, texts: list[Array]) -> list[dict[int, Heads]]:
    model = hugging_face.load(float32_model)
    model.set_attn_implementation("eager")
    vectors: dict[int, torch.Tensor] = {}

    def keep(layer: int) -> Any:
        def hook(_module: torch.nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            vectors[layer] = output[0]

        return hook

    for layer in LAYERS:
        model.model.layers[layer].self_attn.v_proj.register_forward_hook(keep(layer))
    found = []
    with torch.no_grad():
        for ids in texts:
            run = model(torch.from_numpy(ids[None].astype(np.int64)), output_attentions=True)
            found.append({layer: heads_of(model, layer, run, vectors[layer]) for layer in LAYERS})
    return found


def heads_of(model: Any, layer: int, run: Any, vectors: torch.Tensor) -> Heads:
    config, attention = model.config, model.model.layers[layer].self_attn
    n_heads, n_kv = config.num_attention_heads, config.num_key_value_heads
    size = config.hidden_size // n_heads
    output = attention.o_proj.weight.reshape(-1, n_heads, size)  # [out, head, dimension]
    values = vectors.reshape(-1, n_kv, size).repeat_interleave(n_heads // n_kv, dim=1)
    norms = torch.einsum("khd,ohd->hko", values, output).norm(dim=2)
    return Heads(run.attentions[layer][0].numpy(), norms.numpy(), vectors.numpy())


@pytest.mark.slow
def test_real_model(
    float32_model: Path, texts: list[Array], theirs: list[dict[int, Heads]]
) -> None:
    for found, expected in zip(dump_heads(float32_model, texts, LAYERS), theirs, strict=True):
        for layer in LAYERS:
            ours, torch_s = found[layer], expected[layer]
            assert ours.pattern.shape == torch_s.pattern.shape
            np.testing.assert_allclose(ours.pattern, torch_s.pattern, rtol=0, atol=TOLERANCE)
            np.testing.assert_allclose(ours.norms, torch_s.norms, rtol=TOLERANCE)
            largest = torch_s.values().max()
            np.testing.assert_allclose(
                ours.values(), torch_s.values(), rtol=0, atol=TOLERANCE * largest
            )
