// Where unit values come from: llama.cpp, arrays that a caller hands over, or the fake model.
//
// The recorder packs whole sequences into a batch and asks the source to run it; the source calls
// back once per site with a matrix of values. It never learns what is done with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "actogram/types.h"

namespace actogram {

// What a layer's attention did in a batch: how much each row looked at each, and what there was to
// be read. Of pairs of two sequences, and of those whose key comes after the query, nothing is
// read.
struct AttentionValues {
  // A_h(q, k), after the softmax: [head, row q, row k], keys beside each other.
  const float* pattern = nullptr;
  size_t head_stride = 0;   // floats from head to head
  size_t query_stride = 0;  // floats from row to row

  // ||v_k^h W_O^h||, the length of what a head would write if it looked at nothing but k: [head,
  // row k]. Null where the source has attention_weights() and hands out the value vectors instead.
  const float* value_norms = nullptr;
  size_t norm_stride = 0;  // floats from head to head

  // v_k, with its bias: [KV head, dimension, row k].
  const float* values = nullptr;
  size_t value_head_stride = 0;
  size_t value_stride = 0;  // floats from dimension to dimension
};

// How a layer's heads write: head h adds sum_i z_h[i] * output[., h * d_head + i] to what leaves
// the layer's attention, z_h being the sum over keys of A_h(q, k) v_k^h.
struct AttentionWeights {
  uint32_t n_heads = 0;
  uint32_t n_kv_heads = 0;  // head h reads the values of KV head h / (n_heads / n_kv_heads)
  uint32_t d_head = 0;      // of the value vectors
  uint32_t n_out = 0;
  std::vector<float> output;     // W_O, [n_out, n_heads * d_head]
  std::vector<float> bias = {};  // [n_out], added once; or none
  bool normed = false;           // a norm follows before it reaches the residual stream
};

// The values of one site for one batch. Valid only inside the callback.
struct SiteValues {
  size_t site = 0;                // index into ActivationSource::sites()
  const float* values = nullptr;  // [row, unit], `row_stride` floats from row to row
  size_t n_rows = 0;
  size_t row_stride = 0;
  std::span<const uint32_t> first_row;  // [sequence of the batch]; its tokens are the rows after it

  // What a gated MLP's hook_post was made of, if the source has a gate_function(): [row, unit],
  // `gate_stride` floats from row to row.
  const float* gate = nullptr;    // hook_pre
  const float* linear = nullptr;  // hook_pre_linear
  size_t gate_stride = 0;

  // Of a site attn.hook_pattern, whose units are heads; `values` is null there.
  const AttentionValues* attention = nullptr;

  const float* row(size_t i) const { return values + i * row_stride; }
};

class ActivationSource {
 public:
  virtual ~ActivationSource() = default;

  virtual const std::vector<Site>& sites() const = 0;

  // How many rows one batch may have, and how many of them a sequence of `n_tokens` takes
  // (llama.cpp pads each sequence so that its values do not depend on its batch mates).
  virtual size_t batch_rows() const = 0;
  virtual size_t rows_of(size_t n_tokens) const { return n_tokens; }

  // Set if the MLPs are gated, and each hook_post comes with its gate and linear values.
  virtual std::optional<GateFunction> gate_function() const { return std::nullopt; }

  // Of every neuron of the site, what its weights say; empty where that is not known. May take as
  // long as reading the site's weights.
  virtual std::vector<NeuronWeights> neuron_weights([[maybe_unused]] size_t site) { return {}; }

  // Of a site attn.hook_pattern, where its values come as vectors. May take as long as reading the
  // weights.
  virtual std::optional<AttentionWeights> attention_weights([[maybe_unused]] size_t site) {
    return std::nullopt;
  }

  // The longest sequence the model can read.
  virtual size_t max_context() const = 0;

  using Sink = std::function<void(const SiteValues&)>;

  // Runs one batch: each element is the token ids of one sequence, none empty. Calls `sink` once
  // for every site, on the calling thread, and rethrows what the sink throws.
  virtual void run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) = 0;
};

}  // namespace actogram
