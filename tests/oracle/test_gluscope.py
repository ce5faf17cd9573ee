"""Export as GLUScope's data set, against one that the original code wrote.

tests/golden/gluscope-50col holds a tiny model, its token ids and what GLUScope's own scripts made
of them (PROVENANCE.md there), without and with refactor_glu. The same model in GGUF, recorded once
over the same ids, gives the same 50 columns either way. Tolerances: PROVENANCE.md; the original
sums in float32.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from gguf import GGUFWriter, TokenType
from oracle.recordings import run
from oracle.sites import ROOT, program
from transformers import LlamaForCausalLM

GOLDEN = ROOT / "tests/golden/gluscope-50col"
LAYER_TENSORS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
MODEL_TENSORS = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
}
ACTOGRAM = program().with_name("actogram")
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
REFACTORED = EXPECTED["variants"]["refactored"]


def permute(weight: Any, n_heads: int) -> Any:
    """Hugging Face pairs the two halves of a rotation half by half, GGUF row by row."""
    n_out, n_in = weight.shape
    halves = weight.reshape(n_heads, 2, n_out // n_heads // 2, n_in)
    return halves.swapaxes(1, 2).reshape(n_out, n_in)


def write_gguf(path: Path) -> None:
    model = LlamaForCausalLM.from_pretrained(GOLDEN / "model")
    config: Any = model.config
    writer = GGUFWriter(path, "llama")
    writer.add_name("gluscope tiny")
    writer.add_file_type(0)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    tokenizer = json.loads((GOLDEN / "model/tokenizer.json").read_text())["model"]
    vocabulary = sorted(tokenizer["vocab"], key=tokenizer["vocab"].get)
    assert len(vocabulary) == config.vocab_size
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary)
    writer.add_token_types([TokenType.CONTROL] * 2 + [TokenType.NORMAL] * (len(vocabulary) - 2))
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in tokenizer["merges"]])
    writer.add_bos_token_id(config.bos_token_id)
    writer.add_eos_token_id(config.eos_token_id)
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for name, tensor in model.state_dict().items():
        stem = name.removesuffix(".weight")
        if stem in MODEL_TENSORS:
            target, values = MODEL_TENSORS[stem], tensor.numpy()
        else:
            _, _, layer, rest = stem.split(".", 3)
            which = LAYER_TENSORS[rest]
            target, values = f"blk.{layer}.{which}", tensor.numpy()
            if which in heads:
                values = permute(values, heads[which])
        writer.add_tensor(f"{target}.weight", np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@dataclass(frozen=True)
class Export:
    folder: Path
    variant: str  # "plain" or "refactored"

    @property
    def expected(self) -> Any:
        return EXPECTED["variants"][self.variant]

    def places(self) -> Any:
        return pq.read_table(self.folder / "actogram/places.parquet").to_pydict()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gluscope")
    write_gguf(folder / "tiny.gguf")
    inputs = ["--context", str(EXPECTED["context"]), "--long-documents", "truncate"]
    path = folder / "tiny.acto"
    ids = GOLDEN / "input_ids.parquet"
    run([ACTOGRAM, "record", folder / "tiny.gguf", ids, "-o", path, *inputs])
    return path


@pytest.fixture(scope="module", params=["plain", "refactored"])
def exported(request: pytest.FixtureRequest, recording: Path) -> Export:
    out = recording.with_name(request.param)
    flags = ["--refactor-glu"] if request.param == "refactored" else []
    run([ACTOGRAM, "export", recording, out, "--format", "gluscope", *flags])
    return Export(out, request.param)


def ours(exported: Export) -> Any:
    return pq.read_table(exported.folder / "data/train-00000-of-00001.parquet")


def theirs(exported: Export) -> Any:
    return pq.read_table(GOLDEN / exported.variant / "train-00000-of-00001.parquet")


def test_schema(exported: Export) -> None:
    """Names, order and types, to the word."""
    found, expected = ours(exported).schema, theirs(exported).schema
    assert found.names == expected.names == exported.expected["columns"]
    assert found.types == expected.types
    assert ours(exported).num_rows == exported.expected["rows"]


def test_scalars(exported: Export) -> None:
    found, expected = ours(exported), theirs(exported)
    for name in expected.column_names:
        a, b = found.column(name), expected.column(name)
        if name in ("layer", "neuron"):
            assert a.equals(b)
        elif name.endswith("_freq"):
            # A token within rounding of zero may fall on the other side.
            np.testing.assert_allclose(a.to_numpy(), b.to_numpy(), rtol=0, atol=5e-5)
        elif name.endswith("_mean"):
            np.testing.assert_allclose(a.to_numpy(), b.to_numpy(), rtol=2e-3, atol=1e-6)


def test_counts(exported: Export) -> None:
    """Exact token counts, from an independent float64 pass; a few lie within rounding of zero."""
    places = exported.places()
    n_off = 0
    for row, neuron in enumerate(exported.expected["neurons"]):
        assert (places["layer"][row], places["neuron"][row]) == (neuron["layer"], neuron["neuron"])
        for name, count in neuron["counts"].items():
            n_off += places[f"{name}_count"][row] != count
    assert n_off <= 8


def test_means_of_every_class(exported: Export) -> None:
    """From the independent float64 pass, where no token fell on the other side of zero."""
    found = ours(exported).to_pydict()
    places = exported.places()
    for row, neuron in enumerate(exported.expected["neurons"]):
        for name, means in neuron["means"].items():
            if neuron["counts"][name] != places[f"{name}_count"][row]:
                continue
            for quantity, mean in means.items():
                stored = found[f"{name}_{quantity}_mean"][row]
                if mean is None:
                    assert np.isnan(stored)
                else:
                    assert stored == pytest.approx(mean, rel=1e-4)


def stands_alone(values: Any) -> Any:
    """bool [entry]: neither neighbour, nor the one that was cut off, can be its equal."""
    apart = -np.diff(np.abs(values)) > 1e-4 * np.abs(values[:-1])
    return np.concatenate([[True], apart]) & np.concatenate([apart, [False]]) & (values != 0)


def test_lists(exported: Export) -> None:
    found, expected = ours(exported).to_pydict(), theirs(exported).to_pydict()
    n_compared = 0
    for name in (n for n in expected if n.endswith("_max_values")):
        index = name.replace("_values", "_indices")
        for row in range(exported.expected["rows"]):
            a, b = np.array(found[name][row]), np.array(expected[name][row])
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-6, err_msg=f"{name} {row}")
            if "swish" in name:
                continue  # ties at the function's minimum
            alone = stands_alone(b)
            same = np.array(found[index][row]) == np.array(expected[index][row])
            assert same[alone].all(), f"{name} {row}"
            n_compared += int(alone.sum())
    assert n_compared > 10_000


def test_positions(exported: Export) -> None:
    """PROVENANCE.md has them for the refactored variant only, in which the sign of `in` turns where
    the sign vector is negative: the other neurons are the same in both."""
    places = exported.places()
    found = ours(exported).to_pydict()
    signs = np.array(REFACTORED["sign_vector"])
    if exported.variant == "refactored":
        signs = np.abs(signs)
    n_compared = 0
    for row, neuron in enumerate(REFACTORED["neurons"]):
        if signs[neuron["layer"], neuron["neuron"]] < 0:
            continue
        for name, positions in neuron["peak_positions"].items():
            if "swish" in name:
                continue
            alone = stands_alone(np.array(found[f"{name}_max_values"][row]))
            stored = np.array(places[f"{name}_max_positions"][row] + [-1] * len(positions))
            same = stored[: len(positions)] == np.array(positions)
            assert same[alone].all(), f"{name} {row}"
            n_compared += int(alone.sum())
    assert n_compared > 5_000


def test_card(exported: Export) -> None:
    text = (exported.folder / "README.md").read_text()
    names = [line.split(": ")[1] for line in text.splitlines() if line.startswith("  - name: ")]
    assert [n for n in names if n != "train"] == exported.expected["columns"]
    assert f"num_examples: {exported.expected['rows']}" in text
    refactored = exported.variant == "refactored"
    assert f"* `refactor_glu`: {str(refactored).lower()}\n" in text
    manifest = json.loads((exported.folder / "actogram/manifest.json").read_text())
    assert manifest["refactor_glu"] is refactored


def test_signs(exported: Export) -> None:
    """Both variants carry the sign vector, with which either can be made of the other."""
    signs = np.array(exported.places()["refactor_glu_sign"]).reshape(3, 64)
    assert signs.tolist() == REFACTORED["sign_vector"]
    assert (signs < 0).sum() > 50


def test_default_is_what_was_recorded(recording: Path) -> None:
    """record --refactor-glu changes the manifest's default and no other byte."""
    folder = recording.parent
    again = folder / "again.acto"
    inputs = ["--context", str(EXPECTED["context"]), "--long-documents", "truncate"]
    ids = GOLDEN / "input_ids.parquet"
    run([ACTOGRAM, "record", folder / "tiny.gguf", ids, "-o", again, "--refactor-glu", *inputs])
    for file in recording.iterdir():
        if file.name != "manifest.json":
            assert file.read_bytes() == (again / file.name).read_bytes(), file.name
    run([ACTOGRAM, "export", again, folder / "default"])
    run([ACTOGRAM, "export", again, folder / "model", "--no-refactor-glu"])
    run([ACTOGRAM, "export", recording, folder / "asked", "--refactor-glu"])
    run([ACTOGRAM, "export", recording, folder / "unasked"])
    for a, b in [("default", "asked"), ("model", "unasked")]:
        for name in ("data/train-00000-of-00001.parquet", "actogram/places.parquet", "README.md"):
            assert (folder / a / name).read_bytes() == (folder / b / name).read_bytes()


def split_sums(places: Any) -> None:
    """A column of four sums becomes four, of integers: docs/format.md, classes.arrow."""
    n_bytes = 13 * 8
    for name in [n for n in places if n.endswith("_sums")]:
        rows = places.pop(name)
        for q, quantity in enumerate(("hook_post", "hook_pre_linear", "hook_pre", "swish")):
            parts = [row[q * n_bytes : (q + 1) * n_bytes] for row in rows]
            places[name.replace("sums", f"{quantity}_sum")] = [
                int.from_bytes(part, "little", signed=True) for part in parts
            ]


def test_either_makes_the_other(recording: Path) -> None:
    """By the sign vector alone: in+ and in- change places, two quantities change sign."""
    plain = Export(recording.with_name("one"), "plain")
    refactored = Export(recording.with_name("other"), "refactored")
    run([ACTOGRAM, "export", recording, plain.folder])
    run([ACTOGRAM, "export", recording, refactored.folder, "--refactor-glu"])
    for a, b in [(plain, refactored), (refactored, plain)]:
        turned = np.array(a.places()["refactor_glu_sign"]) < 0
        pairs = [(ours(a).to_pydict(), ours(b).to_pydict()), (a.places(), b.places())]
        for places in pairs[1]:
            split_sums(places)
        for found, expected in pairs:
            for name, values in found.items():
                other = name.replace("in+", "in?").replace("in-", "in+").replace("in?", "in-")
                negated = "hook_post" in name or "hook_pre_linear" in name
                negated &= name.endswith(("_mean", "_values", "_sum"))
                for row, value in enumerate(values):
                    right = expected[other if turned[row] else name][row]
                    sign = -1 if turned[row] and negated else 1
                    np.testing.assert_array_equal(np.array(value), sign * np.array(right))
