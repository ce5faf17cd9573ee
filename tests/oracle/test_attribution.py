"""Attributions of latents to keys, against PyTorch's gradients.

    attribution(q, k) = sum over heads of A_h(q, k) dL_q/dA_h(q, k)

where L_q is a latent of an SAE at attn_out or z, as a function of the pattern A: x_q is what the
value vectors give, weighed by A, and the length that the SAE divides its input by is taken as
given. Patterns and value vectors are dump_heads' for the tiny models, and PyTorch's own for the
real one, in float64, so that ours alone are rounded to float32.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from oracle import hugging_face
from oracle.heads import Heads, dump_heads
from oracle.make_tiny_gguf import N_EMBD, N_HEADS, TinyModel
from oracle.sites import Array, program
from safetensors.torch import save_file
from torch import Tensor

N_LATENTS, LAYER = 60, 1


@dataclass(frozen=True)
class Kind:
    architecture: str
    config: dict[str, Any]


KINDS = {
    "relu": Kind("standard", {}),
    "relu-normed": Kind("standard", {"normalize_activations": "layer_norm"}),
    "top_k": Kind("topk", {"k": 7}),
    "jump_relu": Kind("jumprelu", {}),
}


@dataclass(frozen=True)
class Layer:
    """What the heads of a layer are made of, in float64."""

    pattern: Tensor  # [head, query, key]
    vectors: Tensor  # [head, key, dimension]
    output: Tensor  # W_O, [out, head, dimension]; for z one row for each dimension of each head
    bias: Tensor  # [out]

    def x(self, pattern: Tensor) -> Tensor:
        z = torch.einsum("hqk,hkd->hqd", pattern, self.vectors)
        return torch.einsum("hqd,ohd->qo", z, self.output) + self.bias


def layer_of(heads: Heads, weight: Array, bias: Array | None, read: str) -> Layer:
    n_heads, n = heads.pattern.shape[0], heads.pattern.shape[1]
    size = weight.shape[1] // n_heads
    vectors = torch.from_numpy(heads.vectors.reshape(-1, size, n)).double().transpose(1, 2)
    vectors = vectors.repeat_interleave(n_heads // len(vectors), dim=0)
    output = torch.from_numpy(np.array(weight)).double()
    if read == "z":
        output, bias = torch.eye(n_heads * size, dtype=torch.float64), None
    return Layer(
        torch.from_numpy(heads.pattern).double(),
        vectors,
        output.reshape(-1, n_heads, size),
        torch.zeros(len(output)).double() if bias is None else torch.from_numpy(bias).double(),
    )


@dataclass(frozen=True)
class Sae:
    kind: Kind
    w: dict[str, Tensor]

    def prepared(self, x: Tensor) -> Tensor:
        if self.kind.config.get("normalize_activations") == "layer_norm":
            x = (x - x.mean(dim=-1, keepdim=True)) / (x.std(dim=-1, keepdim=True).detach() + 1e-5)
        return x - self.w["b_dec"].double()

    def pre(self, x: Tensor) -> Tensor:
        return self.prepared(x) @ self.w["W_enc"].double() + self.w["b_enc"].double()

    def latents(self, x: Tensor) -> Tensor:
        pre = self.pre(x)
        if self.kind.architecture == "topk":
            top = pre.topk(self.kind.config["k"], dim=-1)
            return torch.zeros_like(pre).scatter(-1, top.indices, torch.relu(top.values))
        if self.kind.architecture == "jumprelu":
            return torch.relu(pre) * (pre > self.w["threshold"].double())
        return torch.relu(pre)


def write_sae(folder: Path, kind: Kind, d_in: int, size: float) -> Sae:
    """`size` is that of what it reads, so that biases and values are of one kind."""
    g = torch.Generator().manual_seed(7)
    folder.mkdir()
    w = {
        "W_enc": torch.randn(d_in, N_LATENTS, generator=g) / d_in**0.5 / size,
        "W_dec": torch.randn(N_LATENTS, d_in, generator=g),
        "b_enc": torch.randn(N_LATENTS, generator=g) * 0.2 - 0.5,
        "b_dec": torch.randn(d_in, generator=g) * 0.2 * size,
    }
    if kind.config.get("normalize_activations"):
        w["W_enc"] *= size
        w["b_dec"] /= size
    if kind.architecture == "jumprelu":
        w["threshold"] = torch.rand(N_LATENTS, generator=g) * 0.6
    save_file(w, folder / "sae_weights.safetensors")
    told = {
        "architecture": kind.architecture, "d_in": d_in, "d_sae": N_LATENTS, "dtype": "float32",
        "apply_b_dec_to_input": True, "normalize_activations": "none", **kind.config,
    }  # fmt: skip
    (folder / "cfg.json").write_text(json.dumps(told))
    return Sae(kind, w)


def table(recording: Path, name: str) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(recording / f"{name}.arrow"))).read_all()


@dataclass(frozen=True)
class Event:
    sequence: int
    query: int
    latent: int
    value: float
    keys: Array


def events(recording: Path) -> Iterator[Event]:
    """Those of the only SAE; its latents are the last units."""
    n_units = len(table(recording, "units"))
    lengths = table(recording, "sequences")["n_tokens"].to_pylist()
    places = [(s, q) for s, n in enumerate(lengths) for q in range(n)]
    found, spans = table(recording, "token_events"), table(recording, "token_spans")
    keys = table(recording, "attributions")["keys"].to_pylist()
    first = [*spans["first_event"].to_pylist(), len(found)]
    units = found["unit"].to_numpy() + 65536 * found["unit_high"].to_numpy().astype(np.int64)
    values = found["value"].to_numpy()
    assert len(keys) == len(found)
    for token, (sequence, query) in enumerate(places):
        for row in range(first[token], first[token + 1]):
            latent = int(units[row]) - n_units + N_LATENTS
            yield Event(sequence, query, latent, float(values[row]), np.array(keys[row]))


def record(model: Path, ids: list[Array], sae: Path, read: str, folder: Path) -> Path:
    corpus = folder / "ids.jsonl"
    rows = [json.dumps({"input_ids": [int(i) for i in row]}) + "\n" for row in ids]
    corpus.write_text("".join(rows))
    out = folder / "x.acto"
    command: list[str | Path] = [program().with_name("actogram"), "record", model, corpus]
    command += ["-o", out]
    command += ["--no-neurons", "--context", "128", "--bos", "never"]
    command += ["--sae", f"{sae}@{LAYER}.{read}", "--attribution"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    check = subprocess.run([command[0], "check", out], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout
    return out


def assert_attributions(recording: Path, layers: list[Layer], sae: Sae, tolerance: float) -> None:
    found = list(events(recording))
    assert len(found) > 50
    for sequence, layer in enumerate(layers):
        pattern = layer.pattern.clone().requires_grad_(True)
        x = layer.x(pattern)
        latents = sae.latents(x)
        of_sequence = [event for event in found if event.sequence == sequence]
        assert len(of_sequence) == int((latents > 0).sum()), "the same are on"
        of_latent: dict[int, Tensor] = {}
        scale = float(sae.pre(x).detach().abs().max())
        for event in of_sequence:
            if event.latent not in of_latent:
                if len(of_latent) == 25:
                    continue
                (gradient,) = torch.autograd.grad(
                    latents[:, event.latent].sum(), pattern, retain_graph=True
                )
                of_latent[event.latent] = (layer.pattern * gradient).sum(dim=0).detach()
            expected = of_latent[event.latent][event.query, : event.query + 1].numpy()
            assert len(event.keys) == event.query + 1
            np.testing.assert_allclose(event.keys, expected, rtol=0, atol=tolerance * scale)
            unattributed = bias_terms(layer, sae, x.detach(), event)
            assert event.keys.sum() + unattributed == pytest.approx(
                event.value, rel=0, abs=tolerance * scale * (event.query + 2)
            )


def bias_terms(layer: Layer, sae: Sae, x: Tensor, event: Event) -> float:
    """L less its keys: the output's bias, the SAE's bias before and that after the encoder."""
    row, factor = layer.bias, 1.0
    w = sae.w["W_enc"][:, event.latent].double()
    if sae.kind.config.get("normalize_activations") == "layer_norm":
        factor = 1 / (float(x[event.query].std()) + 1e-5)
        row = row - row.mean()
    return float(
        factor * (row @ w) - sae.w["b_dec"].double() @ w + sae.w["b_enc"][event.latent].double()
    )


def random_ids(n_vocab: int, lengths: tuple[int, ...]) -> list[Array]:
    random = np.random.default_rng(5)
    return [random.integers(4, n_vocab, n) for n in lengths]


@pytest.mark.parametrize("read", ["attn_out", "z"])
@pytest.mark.parametrize("name", ["llama", "gpt2"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_tiny_models(kind: str, name: str, read: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, name)
    ids = random_ids(model.n_vocab - 4, (1, 40, 17, 33))
    weight = model.tensors[f"blk.{LAYER}.attn_output.weight"]
    bias = model.tensors.get(f"blk.{LAYER}.attn_output.bias")
    assert (bias is not None) == (name == "gpt2")
    layers = [
        layer_of(found[LAYER], weight, bias, read) for found in dump_heads(path, ids, [LAYER])
    ]
    size = float(torch.cat([layer.x(layer.pattern) for layer in layers]).std())
    assert weight.shape == (N_EMBD, N_EMBD)
    assert N_HEADS > 2
    sae = write_sae(tmp_path / "sae", KINDS[kind], N_EMBD, size)
    recording = record(path, ids, tmp_path / "sae", read, tmp_path)
    assert_attributions(recording, layers, sae, 2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_real_model(kind: str, float32_model: Path, tmp_path: Path) -> None:
    ids = random_ids(40000, (70, 20))
    layers = []
    model: Any = hugging_face.load(float32_model).double()
    model.set_attn_implementation("eager")
    attention = model.model.layers[LAYER].self_attn
    kept: list[Tensor] = []
    attention.v_proj.register_forward_hook(lambda _m, _i, output: kept.append(output[0]))
    with torch.no_grad():
        for row in ids:
            run = model(torch.from_numpy(row[None]), output_attentions=True)
            heads = Heads(
                run.attentions[LAYER][0].numpy(),
                np.zeros(0),
                kept.pop().T.contiguous().numpy(),
            )
            layers.append(layer_of(heads, attention.o_proj.weight.numpy(), None, "attn_out"))
    size = float(torch.cat([layer.x(layer.pattern) for layer in layers]).std())
    sae = write_sae(tmp_path / "sae", KINDS[kind], model.config.hidden_size, size)
    recording = record(float32_model, ids, tmp_path / "sae", "attn_out", tmp_path)
    assert_attributions(recording, layers, sae, 4e-6)


def test_show_has_the_rows_of_a_window(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, "llama")
    write_sae(tmp_path / "sae", KINDS["relu"], N_EMBD, 1.0)
    ids = random_ids(model.n_vocab - 4, (100, 70, 3))
    recording = record(path, ids, tmp_path / "sae", "attn_out", tmp_path)
    found = {(e.sequence, e.query, e.latent): e for e in events(recording)}
    n_later = 0
    for latent in {e.latent for e in found.values()}:
        command: list[str | Path] = [program().with_name("actogram"), "show", recording]
        command += [f"1.sae/{latent}", "--json"]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        for group in json.loads(result.stdout)["groups"]:
            for exemplar in group["exemplars"]:
                begin, end = exemplar["window"]["begin"], exemplar["window"]["end"]
                n_later += begin > 0
                pattern = np.zeros((end - begin, end - begin))
                pattern[np.tril_indices(end - begin)] = exemplar["pattern"]
                assert exemplar["key_norms"] == []
                for q in range(begin, end):
                    event = found.get((exemplar["sequence"], q, latent))
                    keys = np.zeros(q + 1) if event is None else event.keys
                    np.testing.assert_array_equal(pattern[q - begin, : q - begin + 1], keys[begin:])
                event = found.get((exemplar["sequence"], exemplar["position"], latent))
                if event is not None:
                    assert exemplar["key"] == begin + int(event.keys[begin:].argmax())
    assert n_later > 0


def test_normed_outputs_are_refused(tmp_path: Path) -> None:
    """Between Gemma 2's heads and its hook_attn_out is a norm; z is before it."""
    path = tmp_path / "tiny.gguf"
    model = TinyModel(path, "gemma2")
    write_sae(tmp_path / "sae", KINDS["relu"], N_EMBD, 1.0)
    ids = random_ids(model.n_vocab - 4, (20,))
    with pytest.raises(AssertionError, match="a norm comes between"):
        record(path, ids, tmp_path / "sae", "attn_out", tmp_path)
    record(path, ids, tmp_path / "sae", "z", tmp_path)
