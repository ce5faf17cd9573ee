// What each key gave a latent through the layer's attention: of a query q at which the latent is
// on, for every key k at or before it,
//
//   attribution(q, k) = sum over heads h of A_h(q, k) <v_k^h W_O^h, dL/dx_q>
//
// with x_q what the SAE reads, the attention's output. The pattern is taken as given, and so is the
// length by which an SAE divides its input; then L is linear in x_q wherever it is on, dL/dx_q is
// its encoder row by a factor, and the sum over keys is L but for the biases (docs/sae.md). For
// relu, top-k and jump_relu alike; a gated SAE's row is multiplied by its magnitude. Definition:
// openai/transformer-debugger, neuron_explainer/activations/derived_scalars/attention.py.
//
// The encoder's rows are projected onto the heads once, W_enc W_O: [n_latents, n_heads * d_head]
// float32, as large as the encoder. An event then costs n_heads * d_head steps for each key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "actogram/source.h"
#include "base/memory.h"
#include "base/threads.h"
#include "sae/sae.h"

namespace actogram {

// What the SAE reads: what the heads write together, or each head's sum of value vectors.
enum class AttentionInput : uint8_t { attn_out, z };

class PairAttribution {
 public:
  // Requires: sae.d_in is weights.n_out, or for z n_heads * d_head.
  PairAttribution(const Sae& sae, const AttentionWeights& weights, AttentionInput input,
                  ThreadPool& threads);

  // Of a query: keys are the rows [first_row, query_row] of `attention`, whose value vectors have
  // readable, finite floats up to the next multiple of 16 rows. `input_factor` is that of
  // input_norm.h for the query's x. `into` has a float for each key.
  void of_event(uint32_t latent, float input_factor, const AttentionValues& attention,
                size_t first_row, size_t query_row, std::span<float> into) const;

 private:
  std::span<float> projected(size_t latent) {
    return projected_.floats().subspan(latent * width_, width_);
  }
  void project(const Sae& sae, const AttentionWeights& weights, ThreadPool& threads);

  size_t n_heads_, heads_for_values_, d_head_, width_;
  HugeBuffer projected_;       // [latent, head, dimension]
  std::vector<float> factor_;  // [latent]
};

}  // namespace actogram
