"""`actogram classes` against NumPy and mpmath.

Activity comes from tests/golden/gluscope-50col/expected.json, an independent float64 pass of the
same model; weights from its safetensors; classes, histograms and correlations from the definitions
of github sjgerstner/RW_functionalities (freqs.py, weight_analysis_utils/utils.py, plotting.py).
"""

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from oracle.recordings import run
from oracle.slow_twin import Array
from oracle.test_gluscope import ACTOGRAM, EXPECTED, GOLDEN, write_gguf
from oracle.test_weights import expected as weight_columns
from transformers import LlamaForCausalLM

N_LAYERS, N_NEURONS = EXPECTED["n_layers"], EXPECTED["d_mlp"]
COMBO_TO_NAME = {
    (1, 1, 1): "strengthening",
    (1, 1, 0): "atypical strengthening",
    (1, 0, 1): "conditional strengthening",
    (1, 0, 0): "atypical conditional strengthening",
    (0, 1, 1): "proportional change",
    (0, 1, 0): "atypical proportional change",
    (0, 0, 1): "orthogonal output",
    (-1, 1, 1): "weakening",
    (-1, 1, 0): "atypical weakening",
    (-1, 0, 1): "conditional weakening",
    (-1, 0, 0): "atypical conditional weakening",
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classes")
    write_gguf(folder / "tiny.gguf")
    inputs = ["--context", str(EXPECTED["context"]), "--long-documents", "truncate"]
    path = folder / "tiny.acto"
    ids = GOLDEN / "input_ids.parquet"
    run([ACTOGRAM, "record", folder / "tiny.gguf", ids, "-o", path, *inputs])
    return path


def classes(recording: Path, *options: str) -> str:
    command = [str(ACTOGRAM), "classes", str(recording), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def found(recording: Path) -> Any:
    return json.loads(classes(recording, "--json"))


def column(found: Any, name: str, layer: int | None = None) -> Array:
    rows = [row for row in found["neurons"] if layer is None or row["layer"] == layer]
    return np.array([row[name] for row in rows])


@pytest.fixture(scope="module")
def weights() -> dict[str, Array]:
    """Of the refactored weights."""
    tensors = {}
    names = {
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "post_attention_layernorm": "ffn_norm",
    }
    for name, tensor in LlamaForCausalLM.from_pretrained(GOLDEN / "model").state_dict().items():
        for theirs, ours in names.items():
            if name.endswith(f"{theirs}.weight"):
                tensors[f"blk.{name.split('.')[2]}.{ours}.weight"] = tensor.numpy()
    columns = weight_columns(tensors, list(range(N_LAYERS)), "llama")
    columns["cos_gate_in"] = columns["cos_gate_in"] * columns["sign"]
    columns["cos_gate_out"] = columns["cos_gate_out"] * columns["sign"]
    columns["norm_in_out"] = columns["norm_in"] * columns["norm_out"]
    del columns["sign"]
    return columns


def test_rows(found: Any) -> None:
    places = [(row["layer"], row["neuron"]) for row in found["neurons"]]
    assert places == [(layer, n) for layer in range(N_LAYERS) for n in range(N_NEURONS)]
    assert found["n_tokens"] == EXPECTED["n_tokens"]
    assert found["n_neurons"] == len(places)
    assert found["has_sign_classes"]
    assert found["has_weights"]


def test_weights(found: Any, weights: dict[str, Array]) -> None:
    for name, values in weights.items():
        np.testing.assert_allclose(column(found, name), values, rtol=1e-12, atol=1e-13)
    assert (column(found, "cos_gate_in") >= 0).all()


@pytest.mark.parametrize("variant", ["plain", "refactored"])
def test_activity(found: Any, weights: dict[str, Array], variant: str) -> None:
    """Neither depends on the signs of refactor_glu."""
    neurons = EXPECTED["variants"][variant]["neurons"]
    n_tokens = EXPECTED["n_tokens"]
    frequency = [(n["counts"]["gate+_in+"] + n["counts"]["gate+_in-"]) / n_tokens for n in neurons]
    # A token within float32 noise of zero may fall on the other side.
    np.testing.assert_allclose(column(found, "frequency"), frequency, rtol=0, atol=1.1 / n_tokens)
    magnitude = [
        sum(n["counts"][c] / n_tokens * abs(n["means"][c]["hook_post"] or 0) for c in n["counts"])
        for n in neurons
    ]
    expected = np.array(magnitude) * weights["norm_out"]
    np.testing.assert_allclose(column(found, "mean_output_norm"), expected, rtol=1e-4)


def approx(cosine: Array) -> Array:
    return np.where(cosine > 0.5, 1, np.where(cosine < -0.5, -1, 0))


def test_rw_classes(found: Any, weights: dict[str, Array]) -> None:
    linout, gateout = approx(weights["cos_in_out"]), approx(weights["cos_gate_out"])
    typical = approx(weights["cos_gate_in"]) == linout * gateout
    typical |= (linout == 0) & (gateout == 0)
    expected = [
        COMBO_TO_NAME[(int(a), abs(int(b)), int(c))]
        for a, b, c in zip(linout, gateout, typical, strict=True)
    ]
    assert [row["class"] for row in found["neurons"]] == expected
    for layer in found["layers"]:
        of_layer = expected[layer["layer"] * N_NEURONS : (layer["layer"] + 1) * N_NEURONS]
        assert layer["classes"] == {c: of_layer.count(c) for c in COMBO_TO_NAME.values()}


@pytest.mark.parametrize("name", ["frequency", "mean_output_norm"])
def test_histograms(found: Any, name: str) -> None:
    edges = found["edges"][name]
    if name == "frequency":
        np.testing.assert_allclose(edges, np.linspace(0, 1, 21))
    else:
        norms = np.sort(column(found, name))
        high = norms[int(0.99 * (len(norms) - 1))]
        np.testing.assert_allclose(edges, [*np.linspace(0, high, 20), norms[-1]])
    for layer in found["layers"]:
        values = column(found, name, layer["layer"])
        assert layer[name]["counts"] == np.histogram(values, bins=edges)[0].tolist()
        assert layer[name]["mean"] == pytest.approx(values.mean(), rel=1e-12)


def chance(r: float, n: int) -> float:
    """Two-sided, of Student's t with n - 2 degrees of freedom."""
    with mpmath.workdps(40):
        x = 1 - mpmath.mpf(r) ** 2
        return float(mpmath.betainc(mpmath.mpf(n - 2) / 2, 0.5, 0, x, regularized=True))


def test_correlations(found: Any) -> None:
    pairs = set()
    for c in found["correlations"]:
        x, y = (column(found, c[which], c["layer"]) for which in ("weight", "activity"))
        assert c["n"] == len(x) == (N_NEURONS if c["layer"] is not None else N_NEURONS * N_LAYERS)
        assert c["r"] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
        assert c["p"] == pytest.approx(chance(c["r"], c["n"]), rel=1e-9)
        pairs.add((c["layer"], c["weight"], c["activity"]))
    assert len(pairs) == len(found["correlations"]) == (N_LAYERS + 1) * 5 * 2


def test_csv_says_the_same(recording: Path, found: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(classes(recording, "--csv"))))
    assert len(rows) == N_LAYERS * N_NEURONS
    for row, expected in zip(rows, found["neurons"], strict=True):
        assert list(row) == list(expected)
        for name, value in expected.items():
            assert row[name] == value if name == "class" else float(row[name]) == value


def test_sorted(recording: Path, found: Any) -> None:
    for name in ("cos_in_out", "frequency", "mean_output_norm", "norm_in_out"):
        of_layers = np.concatenate([column(found, name, 0), column(found, name, 2)])
        for options, expected in [
            ([], -np.sort(-of_layers)),
            (["--ascending"], np.sort(of_layers)),
        ]:
            text = classes(
                recording, "--json", "--layer", "0,2", "--sort", name, "--limit", "9", *options
            )
            assert column(json.loads(text), name).tolist() == expected[:9].tolist()
            assert json.loads(text)["n_neurons"] == 2 * N_NEURONS
