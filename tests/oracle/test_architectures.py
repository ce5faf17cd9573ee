"""For each architecture that actogram knows: the hooks satisfy their definitions.

    gated:  hook_pre = W_gate x, hook_pre_linear = W_up x,
            hook_post = act(hook_pre) * hook_pre_linear
    plain:  hook_pre = W_up x, hook_post = act(hook_pre)

The MLP's input x is not recorded, but n_ff > n_embd, so it can be solved for: hook_pre lies in the
column space of its own weight matrix and of no other, and x must then give hook_pre_linear too.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from oracle.make_tiny_gguf import KNOWN, N_EMBD, N_FF, N_LAYERS, REFUSED, Array, TinyModel
from oracle.sites import ROOT, Text, read_sites, run_dump_sites

TEXTS = ["the quick brown fox", "h", "\u00e9t\u00e9 \U0001f600 the end, and on past sixteen tokens"]

# llama.cpp looks GELU up in a table of float16 (indexed by the float16 of its argument).
TOLERANCE = {"silu": 1e-5, "gelu": 2e-3}


def silu(x: Array) -> Array:
    return np.asarray(x / (1 + np.exp(-x)))


def gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


ACTIVATIONS = {"silu": silu, "gelu": gelu}


def assert_close(found: Array, expected: Array, tolerance: float) -> None:
    """Within `tolerance` of the largest value."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def hook(text: Text, layer: int, name: str) -> Array:
    return text.values[f"blocks.{layer}.mlp.{name}"].astype(np.float64)


def solve_for_input(weight: Array, bias: Array, values: Array) -> Array:
    x, *_ = np.linalg.lstsq(weight.astype(np.float64), (values - bias).T, rcond=None)
    assert_close(weight @ x, (values - bias).T, 1e-5)
    return np.asarray(x)


@pytest.fixture(params=sorted(KNOWN))
def run(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[TinyModel, list[Text]]:
    path = tmp_path / "tiny.gguf"
    return TinyModel(path, request.param), read_sites(path, TEXTS)


def test_hooks(run: tuple[TinyModel, list[Text]]) -> None:
    model, texts = run
    activation, tolerance = ACTIVATIONS[model.shape.act], TOLERANCE[model.shape.act]
    hooks = {"hook_pre", "hook_post"} | (
        {"hook_pre_linear"} if model.shape.mlp != "plain" else set()
    )
    for text in texts:
        assert set(text.values) == {f"blocks.{i}.mlp.{h}" for i in range(N_LAYERS) for h in hooks}
        for layer in range(N_LAYERS):
            pre, post = hook(text, layer, "hook_pre"), hook(text, layer, "hook_post")
            assert pre.shape == post.shape == (len(text.tokens), N_FF)
            linear = hook(text, layer, "hook_pre_linear") if model.shape.mlp != "plain" else 1.0
            assert_close(post, activation(pre) * linear, tolerance)
            check_projections(model, text, layer)


def check_projections(model: TinyModel, text: Text, layer: int) -> None:
    pre, up, bias = hook(text, layer, "hook_pre"), model.mlp_weight(layer, "up"), model.mlp_bias
    if model.shape.mlp == "plain":
        solve_for_input(up, bias(layer, "up"), pre)
        return
    linear = hook(text, layer, "hook_pre_linear")
    gate = up[:N_FF] if model.shape.mlp == "fused" else model.mlp_weight(layer, "gate")
    up = up[N_FF:] if model.shape.mlp == "fused" else up
    x = solve_for_input(gate, bias(layer, "gate"), pre)
    assert_close(linear, (up @ x).T + bias(layer, "up"), 1e-5)


def test_solving_notices_the_wrong_matrix() -> None:
    random = np.random.default_rng(0)
    right, wrong = random.standard_normal((2, N_FF, N_EMBD))
    values = random.standard_normal((5, N_EMBD)) @ right.T
    solve_for_input(right, np.zeros(1), values)
    with pytest.raises(AssertionError):
        solve_for_input(wrong, np.zeros(1), values)


def test_offsets_cover_the_text(run: tuple[TinyModel, list[Text]]) -> None:
    """Also with a SentencePiece vocabulary, whose first space covers no byte."""
    _, texts = run
    for text, read in zip(TEXTS, texts, strict=True):
        assert read.begin[0] == 0
        assert read.end[-1] == len(text.encode())
        assert (read.begin[1:] == read.end[:-1]).all()
        # Every token of these vocabularies but the space of SentencePiece is one or two bytes.
        assert (read.end - read.begin <= 2).all()


def test_every_architecture_has_a_model() -> None:
    source = (ROOT / "src/model/architectures.h").read_text()
    table = re.findall(r'^ *\{"(\w+)", Mlp::', source, re.MULTILINE)
    assert table
    assert set(table) <= set(KNOWN)


@pytest.mark.parametrize(
    ("name", "words"),
    [("llama-experts", ["mixture", "experts"]), ("stablelm", ["stablelm", "gpt2"])],
)
def test_refused(name: str, words: list[str], tmp_path: Path) -> None:
    assert name in REFUSED
    TinyModel(tmp_path / "tiny.gguf", name)
    result = run_dump_sites(tmp_path / "tiny.gguf", tmp_path, ["text"], "all")
    assert result.returncode == 1
    for word in words:
        assert word in result.stderr
