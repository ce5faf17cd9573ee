"""Loads a float32 GGUF file of the llama architecture into Hugging Face's LlamaForCausalLM.

transformers can load GGUF files itself, but only through another package (accelerate), which would
be there for this alone.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader
from transformers import LlamaConfig, LlamaForCausalLM

# GGUF's name of a layer's tensor -> Hugging Face's.
LAYER_TENSORS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def read_config(reader: GGUFReader) -> LlamaConfig:
    def value(key: str) -> Any:
        return reader.fields[f"llama.{key}"].contents()

    return LlamaConfig(
        vocab_size=len(reader.fields["tokenizer.ggml.tokens"].contents()),
        hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"),
        num_hidden_layers=value("block_count"),
        num_attention_heads=value("attention.head_count"),
        num_key_value_heads=value("attention.head_count_kv"),
        rms_norm_eps=value("attention.layer_norm_rms_epsilon"),
        max_position_embeddings=value("context_length"),
        rope_parameters={"rope_type": "default", "rope_theta": value("rope.freq_base")},
        tie_word_embeddings=True,
    )


def unpermute(weight: np.ndarray[Any, Any], n_heads: int) -> np.ndarray[Any, Any]:
    """GGUF pairs the two halves of a rotation row by row, Hugging Face half by half."""
    n_out, n_in = weight.shape
    pairs = weight.reshape(n_heads, n_out // n_heads // 2, 2, n_in)
    return pairs.swapaxes(1, 2).reshape(n_out, n_in)


def load(path: Path) -> LlamaForCausalLM:
    reader = GGUFReader(path)
    config = read_config(reader)
    kv_heads = config.num_key_value_heads or config.num_attention_heads
    heads = {"attn_q": config.num_attention_heads, "attn_k": kv_heads}
    state = {}
    for tensor in reader.tensors:
        name, values = tensor.name.removesuffix(".weight"), np.array(tensor.data)
        if name == "token_embd":
            state["model.embed_tokens.weight"] = torch.from_numpy(values)
        elif name == "output_norm":
            state["model.norm.weight"] = torch.from_numpy(values)
        else:
            _, layer, part = name.split(".")
            if part in heads:
                values = unpermute(values, heads[part])
            key = f"model.layers.{layer}.{LAYER_TENSORS[part]}.weight"
            state[key] = torch.from_numpy(np.ascontiguousarray(values))
    model: LlamaForCausalLM = LlamaForCausalLM(config)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert missing == ["lm_head.weight"]
    model.train(False)
    return model
