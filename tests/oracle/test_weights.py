"""weights.arrow against NumPy, from the weights of the GGUF file.

The weights are folded as TransformerLens' default processing does before GLUScope and
RW_functionalities look at them (transformer_lens/weight_processing.py, process_weights): the scale
of the norm before the MLP goes into W_gate and W_in; with LayerNorm, W_in and W_out are centred.
"""

from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, dequantize
from oracle.make_tiny_gguf import KNOWN, N_FF, N_LAYERS, Array, TinyModel
from oracle.real_model import real_model
from oracle.recordings import record_sentence, run
from oracle.sites import program
from oracle.slow_twin import read_table

GATED = [name for name in sorted(KNOWN) if KNOWN[name].mlp in ("gated", "fused")]
FOLDS_NOTHING = ("olmo", "olmo2")
SUBTRACTS_MEAN = ("olmo",)


def folded(tensors: dict[str, Array], layer: int, architecture: str) -> tuple[Array, Array, Array]:
    """W_gate, W_in and W_out, each [neuron, embedding]."""

    def tensor(name: str) -> Array:
        return tensors[f"blk.{layer}.{name}.weight"].astype(np.float64)

    up = tensor("ffn_up")
    if f"blk.{layer}.ffn_gate.weight" in tensors:
        gate = tensor("ffn_gate")
    else:
        gate, up = np.split(up, 2)
    out = tensor("ffn_down").T
    if architecture not in FOLDS_NOTHING:
        gate, up = gate * tensor("ffn_norm"), up * tensor("ffn_norm")
    if architecture in SUBTRACTS_MEAN:
        up = up - up.mean(axis=1, keepdims=True)
        out = out - out.mean(axis=1, keepdims=True)
    return gate, up, out


def expected(tensors: dict[str, Array], layers: list[int], architecture: str) -> dict[str, Array]:
    columns: dict[str, list[Array]] = {}
    for layer in layers:
        vectors = dict(
            zip(("gate", "in", "out"), folded(tensors, layer, architecture), strict=True)
        )
        norms = {name: np.linalg.norm(v, axis=1) for name, v in vectors.items()}
        for name, norm in norms.items():
            columns.setdefault(f"norm_{name}", []).append(norm)
        for a, b in (("gate", "in"), ("gate", "out"), ("in", "out")):
            dot = np.einsum("nd,nd->n", vectors[a], vectors[b])
            columns.setdefault(f"cos_{a}_{b}", []).append(dot / norms[a] / norms[b])
            if (a, b) == ("gate", "in"):
                columns.setdefault("sign", []).append(np.where(dot < 0, -1, 1))
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def compare(recording: Path, columns: dict[str, Array]) -> None:
    table = read_table(recording / "weights.arrow")
    assert table.column_names == [
        "norm_gate", "norm_in", "norm_out", "cos_gate_in", "cos_gate_out", "cos_in_out", "sign",
    ]  # fmt: skip
    assert [str(field.type) for field in table.schema] == ["double"] * 6 + ["int32"]
    assert not any(field.nullable for field in table.schema)
    for name in table.column_names:
        found = table.column(name).to_numpy()
        if name == "sign":
            assert (found == columns[name]).all()
            assert 0.1 < (found < 0).mean() < 0.9
        else:
            np.testing.assert_allclose(found, columns[name], rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("name", GATED)
def test_every_architecture(name: str, tmp_path: Path) -> None:
    model = TinyModel(tmp_path / "tiny.gguf", name)
    out = record_sentence(tmp_path / "tiny.gguf", tmp_path)
    columns = expected(model.tensors, list(range(N_LAYERS)), model.architecture)
    assert len(columns["sign"]) == N_LAYERS * N_FF
    compare(out, columns)
    run([program().with_name("actogram"), "check", out])


def test_folding_matters(tmp_path: Path) -> None:
    """The tests above would notice if nothing were folded."""
    for name, plain in (("llama", "olmo2"), ("olmo", "olmo2")):
        model = TinyModel(tmp_path / f"{name}.gguf", name)
        a = expected(model.tensors, [0, 1, 2], name)
        b = expected(model.tensors, [0, 1, 2], plain)
        assert np.abs(a["cos_gate_in"] - b["cos_gate_in"]).max() > 0.01
        assert (a["sign"] != b["sign"]).any()


@pytest.mark.parametrize("name", ["gpt2", "phi2"])
def test_without_a_gate(name: str, tmp_path: Path) -> None:
    TinyModel(tmp_path / "tiny.gguf", name)
    assert not (record_sentence(tmp_path / "tiny.gguf", tmp_path) / "weights.arrow").exists()


@pytest.mark.slow
def test_quantized_model(tmp_path: Path) -> None:
    """SmolLM2 in Q4_1, through gguf-py's own dequantisation; and without sign classes."""
    path = real_model()
    layers = [0, 17, 29]
    tensors = {
        t.name: dequantize(t.data, t.tensor_type)
        for t in GGUFReader(path).tensors
        if t.name.startswith(tuple(f"blk.{layer}.ffn" for layer in layers))
    }
    options = ["--layers", ",".join(map(str, layers)), "--no-sign-classes", "--threads", "2"]
    compare(record_sentence(path, tmp_path, *options), expected(tensors, layers, "llama"))
