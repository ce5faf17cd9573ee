"""For each architecture that actogram knows: the hooks satisfy their definitions.

    gated:  hook_pre = W_gate x, hook_pre_linear = W_up x,
            hook_post = act(hook_pre) * hook_pre_linear
    plain:  hook_pre = W_up x, hook_post = act(hook_pre)

The MLP's input x is not read here, but n_ff > n_embd, so it can be solved for: hook_pre lies in the
column space of its own weight matrix and of no other, and x must then give hook_pre_linear too.

And for the residual stream, with norm() only where the architecture has one after the block:

    hook_attn_out = norm(W_O hook_z + bias),  hook_mlp_out = norm(W_down mlp.hook_post + bias)
    hook_resid_mid = hook_resid_pre + hook_attn_out
    hook_resid_post = hook_resid_pre + hook_attn_out + hook_mlp_out

And for the MLP's way in, with n the norm before it, where there is one:

    hook_mlp_in = hook_resid_mid, or hook_resid_pre where attention and MLP are parallel
    mlp.hook_in = n(hook_mlp_in), and hook_pre = W mlp.hook_in + bias
    ln2.hook_normalized = RMSNorm: hook_mlp_in / its root mean square; LayerNorm: mlp.hook_in
"""

import re
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from oracle.make_tiny_gguf import KNOWN, N_EMBD, N_FF, N_LAYERS, REFUSED, Array, TinyModel
from oracle.sites import ROOT, Text, program, read_sites, run_dump_sites

ACTOGRAM = program().with_name("actogram")
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


RESIDUAL = ["hook_resid_pre", "hook_resid_post", "hook_attn_out", "hook_mlp_out"]
WRITING = ["attn.hook_z", "mlp.hook_post"]
PARALLEL = {"phi2", "gptneox"}
NO_RESID_MID = PARALLEL | {"phi3"}


def layer_sites(hooks: list[str]) -> str:
    return ",".join(f"blocks.{layer}.{hook}" for layer in range(N_LAYERS) for hook in hooks)


def embedding(model: TinyModel, tokens: Array) -> Array:
    rows = model.tensors["token_embd.weight"][tokens].astype(np.float64)
    if model.architecture.startswith("gemma"):
        rows *= np.sqrt(N_EMBD)
    if model.architecture == "gpt2":
        rows += model.tensors["position_embd.weight"][: len(tokens)]
    return np.asarray(rows)


def written(model: TinyModel, layer: int, values: Array, names: tuple[str, str]) -> Array:
    """What a block adds, from what its last projection reads."""
    projection, norm = (f"blk.{layer}.{name}" for name in names)
    out = values @ model.tensors[f"{projection}.weight"].T.astype(np.float64)
    out += model.tensors.get(f"{projection}.bias", np.zeros(N_EMBD))
    if f"{norm}.weight" in model.tensors:
        out /= np.sqrt((out**2).mean(axis=1, keepdims=True) + 1e-5)
        out *= model.tensors[f"{norm}.weight"]
    return np.asarray(out)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_residual_stream(name: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, name)
    mid = [] if name in NO_RESID_MID else ["hook_resid_mid"]
    sites = layer_sites(RESIDUAL + WRITING + mid)
    for text in read_sites(path, TEXTS, sites):
        assert set(text.values) == set(sites.split(","))
        stream = embedding(model, text.tokens)
        for layer in range(N_LAYERS):

            def values(hook: str, text: Text = text, layer: int = layer) -> Array:
                return np.asarray(text.values[f"blocks.{layer}.{hook}"].astype(np.float64))

            attn = written(
                model, layer, values("attn.hook_z"), ("attn_output", "post_attention_norm")
            )
            mlp = written(model, layer, values("mlp.hook_post"), ("ffn_down", "post_ffw_norm"))
            assert_close(values("hook_resid_pre"), stream, 1e-5)
            assert_close(values("hook_attn_out"), attn, 1e-5)
            assert_close(values("hook_mlp_out"), mlp, 1e-5)
            if mid:
                assert_close(values("hook_resid_mid"), stream + attn, 1e-5)
            stream = stream + attn + mlp
            assert_close(values("hook_resid_post"), stream, 1e-5)


def normalized(model: TinyModel, layer: int, x: Array) -> tuple[Array, Array]:
    """x after the norm before the MLP, and before that norm's learned scale (RMSNorm)."""
    name = f"blk.{layer}." + ("attn_norm" if model.architecture == "phi2" else "ffn_norm")
    if model.shape.norm == "rms":
        plain = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)
        return plain * model.tensors[f"{name}.weight"], plain
    plain = x - x.mean(axis=1, keepdims=True)
    plain /= np.sqrt((plain**2).mean(axis=1, keepdims=True) + 1e-5)
    if model.shape.norm == "layer":
        plain = plain * model.tensors[f"{name}.weight"] + model.tensors[f"{name}.bias"]
    return plain, plain


# What is said of these names that the model does not have, or llama.cpp does not show.
MLP_INPUT_REFUSED = {
    ("olmo2", "ln2.hook_normalized"): "no norm before the MLP",
    ("phi3", "hook_mlp_in"): "does not name",
    ("phi3", "ln2.hook_normalized"): "does not name",
}
MLP_INPUTS = ["hook_mlp_in", "ln2.hook_normalized", "mlp.hook_in"]


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_mlp_input(name: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, name)
    inputs = [hook for hook in MLP_INPUTS if (name, hook) not in MLP_INPUT_REFUSED]
    sites = layer_sites(["hook_resid_pre", "hook_attn_out", "mlp.hook_pre", *inputs])
    for text in read_sites(path, TEXTS, sites):
        assert set(text.values) == set(sites.split(","))
        for layer in range(N_LAYERS):
            x = {
                hook: text.values[f"blocks.{layer}.{hook}"].astype(np.float64)
                for hook in ["hook_resid_pre", "hook_attn_out", "mlp.hook_pre", *inputs]
            }
            read = x["hook_resid_pre"] + (0 if name in PARALLEL else x["hook_attn_out"])
            if "hook_mlp_in" in inputs:
                assert_close(x["hook_mlp_in"], read, 1e-5)
            scaled, plain = (read, read) if name == "olmo2" else normalized(model, layer, read)
            assert_close(x["mlp.hook_in"], scaled, 1e-5)
            if "ln2.hook_normalized" in inputs:
                assert_close(x["ln2.hook_normalized"], plain, 1e-5)
            part = "gate" if model.shape.mlp == "gated" else "up"
            weight = model.mlp_weight(layer, part)[:N_FF].astype(np.float64)
            pre = x["mlp.hook_in"] @ weight.T + model.mlp_bias(layer, part)
            assert_close(x["mlp.hook_pre"], pre, 1e-5)


@pytest.mark.parametrize(("name", "hook"), sorted(MLP_INPUT_REFUSED))
def test_no_mlp_input(name: str, hook: str, tmp_path: Path) -> None:
    TinyModel(tmp_path / "tiny.gguf", name)
    result = run_dump_sites(tmp_path / "tiny.gguf", tmp_path, ["text"], f"blocks.1.{hook}")
    assert result.returncode == 1
    assert hook in result.stderr
    assert MLP_INPUT_REFUSED[name, hook] in result.stderr


@pytest.mark.parametrize("name", sorted(NO_RESID_MID))
def test_no_resid_mid(name: str, tmp_path: Path) -> None:
    TinyModel(tmp_path / "tiny.gguf", name)
    result = run_dump_sites(tmp_path / "tiny.gguf", tmp_path, ["text"], "blocks.1.hook_resid_mid")
    assert result.returncode == 1
    assert "hook_resid_mid" in result.stderr


def test_a_vocabulary_without_bos(tmp_path: Path) -> None:
    """llama.cpp would take token 11, "," in GPT-2's, for one. OLMo's files name none."""
    path, end = tmp_path / "tiny.gguf", 257
    TinyModel(path, "olmo", names_bos=False)
    (tmp_path / "text.txt").write_text("he said")

    def record(bos: str) -> subprocess.CompletedProcess[str]:
        output = tmp_path / f"{bos}.acto"
        return subprocess.run(
            [ACTOGRAM, "record", path, tmp_path / "text.txt", "-o", output, "--bos", bos],
            capture_output=True,
            text=True,
            check=False,
        )

    def ids(bos: str) -> list[int]:
        assert record(bos).returncode == 0
        table = pa.ipc.open_file(pa.memory_map(str(tmp_path / f"{bos}.acto/tokens.arrow")))
        return list(table.read_all()["id"].to_pylist())

    refused = record("always")
    assert refused.returncode == 1
    assert "has no beginning-of-sequence token; --bos eos puts" in refused.stderr
    assert not list(tmp_path.glob("always*"))
    plain = ids("never")
    assert ids("auto") == plain
    assert ids("eos") == [end, *plain]


def test_unknown_site(tmp_path: Path) -> None:
    TinyModel(tmp_path / "tiny.gguf", "llama")
    for site in ("blocks.1.hook_resid", "blocks.01.hook_resid_post", "blocks.3.hook_resid_post"):
        result = run_dump_sites(tmp_path / "tiny.gguf", tmp_path, ["text"], site)
        assert result.returncode == 1
        assert "there is no layer 3" in result.stderr or f"'{site}' is no site" in result.stderr


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
