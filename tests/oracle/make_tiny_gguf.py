"""Writes tiny random models: one for each architecture that actogram knows, and a few it refuses.

Three layers, 32-dimensional, float32, a vocabulary of bytes. They compute nonsense, but llama.cpp
builds the same graph for them as for the real ones, so they show whether its tensors are still
called what src/model/architectures.h says.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter, TokenType

Array = np.ndarray[Any, Any]

N_LAYERS, N_EMBD, N_FF, N_HEADS, N_KV_HEADS, CONTEXT = 3, 32, 96, 4, 2, 128
HEAD = N_EMBD // N_HEADS
KV = HEAD * N_KV_HEADS


@dataclass(frozen=True)
class Shape:
    """How an architecture differs from llama. Names as in GGUF files."""

    mlp: str = "gated"  # gated, fused, plain or experts
    act: str = "silu"
    norm: str = "rms"  # rms, layer (with bias), none
    norms: tuple[str, ...] = ("attn_norm", "ffn_norm")
    head_norms: int = 0  # size of attn_q_norm; 0: there is none
    fused_qkv: bool = False
    attn_bias: bool = False
    mlp_bias: bool = False
    spm: bool = False  # a SentencePiece vocabulary with byte tokens, else a byte-level BPE
    architecture: str = ""  # where it is not the name of the model


GEMMA2_NORMS = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")


def plain(**others: Any) -> Shape:
    return Shape(mlp="plain", act="gelu", norm="layer", attn_bias=True, mlp_bias=True, **others)


KNOWN = {
    "llama": Shape(spm=True),
    "olmo": Shape(norm="none"),
    "olmo2": Shape(norms=("post_attention_norm", "post_ffw_norm"), head_norms=N_EMBD),
    "gemma": Shape(act="gelu", spm=True),
    "gemma2": Shape(act="gelu", norms=GEMMA2_NORMS, spm=True),
    "gemma3": Shape(act="gelu", norms=GEMMA2_NORMS, head_norms=HEAD, spm=True),
    "qwen2": Shape(attn_bias=True),
    "qwen3": Shape(head_norms=HEAD),
    "phi3": Shape(mlp="fused", fused_qkv=True, spm=True),
    "gpt2": plain(fused_qkv=True),
    "gptneox": plain(fused_qkv=True),
    "phi2": plain(norms=("attn_norm",)),
    # Variants.
    "llama-biased": Shape(mlp_bias=True, architecture="llama"),
    "gptneox-sequential": plain(fused_qkv=True, architecture="gptneox"),
}
REFUSED = {
    "llama-experts": Shape(mlp="experts", architecture="llama"),
    "stablelm": Shape(),
}


class TinyModel:
    """`tensors` holds every weight, [out, in] as in numpy, by its name in the file."""

    def __init__(self, path: Path, name: str, seed: int = 0, names_bos: bool = True) -> None:
        self.name = name
        self._names_bos = names_bos
        self.shape = (KNOWN | REFUSED)[name]
        self.architecture = self.shape.architecture or name
        self.tensors: dict[str, Array] = {}
        self._random = np.random.default_rng(seed)
        self._writer = GGUFWriter(path, self.architecture)
        self._add_metadata()
        self.n_vocab = self._add_vocabulary()
        self._add_tensors()
        for tensor, values in self.tensors.items():
            self._writer.add_tensor(tensor, values)
        self._writer.write_header_to_file()
        self._writer.write_kv_data_to_file()
        self._writer.write_tensors_to_file()
        self._writer.close()

    def mlp_weight(self, layer: int, which: str) -> Array:
        return self.tensors[f"blk.{layer}.ffn_{which}.weight"]

    def mlp_bias(self, layer: int, which: str) -> Array:
        return self.tensors.get(f"blk.{layer}.ffn_{which}.bias", np.zeros(1, np.float32))

    def _add_metadata(self) -> None:
        writer = self._writer
        writer.add_name(f"tiny {self.name}")
        writer.add_file_type(0)
        writer.add_context_length(CONTEXT)
        writer.add_embedding_length(N_EMBD)
        writer.add_block_count(N_LAYERS)
        writer.add_feed_forward_length(N_FF)
        writer.add_head_count(N_HEADS)
        writer.add_head_count_kv(N_HEADS if self.shape.fused_qkv else N_KV_HEADS)
        writer.add_key_length(HEAD)
        writer.add_value_length(HEAD)
        writer.add_rope_dimension_count(HEAD)
        writer.add_layer_norm_eps(1e-5)
        writer.add_layer_norm_rms_eps(1e-5)
        if self.architecture == "gptneox":
            writer.add_parallel_residual(self.name == "gptneox")
        if self.architecture in ("gemma2", "gemma3"):
            writer.add_sliding_window(16)
        if self.shape.mlp == "experts":
            writer.add_expert_count(2)
            writer.add_expert_used_count(1)

    def _add_vocabulary(self) -> int:
        writer = self._writer
        if self.shape.spm:
            control = ["<s>", "</s>", "<|endoftext|>"]  # llama.cpp looks the last up for phi3
            tokens = ["<unk>", *control, *(f"<0x{b:02X}>" for b in range(256)), "▁", "▁t", "he"]
            types = [TokenType.UNKNOWN] + [TokenType.CONTROL] * 3
            types += [TokenType.BYTE] * 256 + [TokenType.NORMAL] * 3
            writer.add_tokenizer_model("llama")
            writer.add_token_scores([0.0] * 260 + [-1.0, -2.0, -3.0])
            writer.add_bos_token_id(1)
        else:
            tokens = [*byte_characters(), "he", "<|end|>"]
            types = [TokenType.NORMAL] * 257 + [TokenType.CONTROL]
            writer.add_tokenizer_model("gpt2")
            writer.add_tokenizer_pre("gpt-2")
            writer.add_token_merges(["h e"])
            if self._names_bos:
                writer.add_bos_token_id(257)
            writer.add_eos_token_id(257)
        writer.add_token_list(tokens)
        writer.add_token_types(types)
        return len(tokens)

    def _add(self, name: str, *shape: int) -> None:
        scale = shape[-1] ** -0.5 * 2
        self.tensors[name] = (self._random.standard_normal(shape) * scale).astype(np.float32)

    def _add_norm(self, name: str, size: int = N_EMBD) -> None:
        if self.shape.norm == "none":
            return
        self.tensors[f"{name}.weight"] = self._random.uniform(0.5, 1.5, size).astype(np.float32)
        if self.shape.norm == "layer":
            self._add(f"{name}.bias", size)

    def _add_linear(self, name: str, n_out: int, n_in: int, bias: bool) -> None:
        self._add(f"{name}.weight", n_out, n_in)
        if bias:
            self._add(f"{name}.bias", n_out)

    def _add_tensors(self) -> None:
        self._add("token_embd.weight", self.n_vocab, N_EMBD)
        self._add_norm("output_norm")
        if not self.architecture.startswith("gemma"):
            self._add_linear("output", self.n_vocab, N_EMBD, self.architecture == "phi2")
        if self.architecture == "gpt2":
            self._add("position_embd.weight", CONTEXT, N_EMBD)
        for layer in range(N_LAYERS):
            for norm in self.shape.norms:
                self._add_norm(f"blk.{layer}.{norm}")
            self._add_attention(f"blk.{layer}.attn")
            self._add_mlp(f"blk.{layer}.ffn")

    def _add_attention(self, prefix: str) -> None:
        bias = self.shape.attn_bias
        if self.shape.fused_qkv:
            self._add_linear(f"{prefix}_qkv", 3 * N_EMBD, N_EMBD, bias)
        else:
            self._add_linear(f"{prefix}_q", N_EMBD, N_EMBD, bias)
            self._add_linear(f"{prefix}_k", KV, N_EMBD, bias)
            self._add_linear(f"{prefix}_v", KV, N_EMBD, bias)
        # qwen2 has biases on Q, K and V only.
        self._add_linear(f"{prefix}_output", N_EMBD, N_EMBD, bias and self.shape.mlp == "plain")
        if self.shape.head_norms:
            self._add_norm(f"{prefix}_q_norm", self.shape.head_norms)
            per_head = self.shape.head_norms == HEAD
            self._add_norm(f"{prefix}_k_norm", HEAD if per_head else KV)

    def _add_mlp(self, prefix: str) -> None:
        bias = self.shape.mlp_bias
        if self.shape.mlp == "experts":
            self._add(f"{prefix}_gate_inp.weight", 2, N_EMBD)
            for which in ("gate", "up"):
                self._add(f"{prefix}_{which}_exps.weight", 2, N_FF, N_EMBD)
            self._add(f"{prefix}_down_exps.weight", 2, N_EMBD, N_FF)
            return
        if self.shape.mlp == "gated":
            self._add_linear(f"{prefix}_gate", N_FF, N_EMBD, bias)
        self._add_linear(
            f"{prefix}_up", N_FF * (2 if self.shape.mlp == "fused" else 1), N_EMBD, bias
        )
        self._add_linear(f"{prefix}_down", N_EMBD, N_FF, bias)


def byte_characters() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]
