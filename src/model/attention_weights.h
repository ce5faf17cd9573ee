// How a layer's attention is cut into heads, and how they write, read from the model's file.
#pragma once

#include <cstdint>

#include "actogram/source.h"

namespace actogram {

class LlamaModel;

struct AttentionShape {
  uint32_t n_heads = 0;
  uint32_t n_kv_heads = 0;
  uint32_t d_head = 0;  // of the value vectors
};

// Throws Error{unsupported} where the layer has no attention, or one whose output is scaled.
AttentionShape attention_shape(const LlamaModel& model, uint32_t layer);

// W_O as ggml turns it into float32, and its bias. What a norm after it does (Gemma 2 and 3, OLMo
// 2) has no part. Throws what FileMatrix throws.
AttentionWeights read_attention_weights(const LlamaModel& model, uint32_t layer);

}  // namespace actogram
