#include "sae/pair_attribution.h"

#include <algorithm>
#include <array>

#include "codec/tensor.h"
#include "sae/gemm.h"

namespace actogram {
namespace {

constexpr size_t kKeys = 16;  // side by side

// A norm that takes the mean away takes it from the direction that is read.
void centre(std::span<float> row) {
  double sum = 0;
  for (const float x : row) sum += double{x};
  const auto mean = static_cast<float>(sum / static_cast<double>(row.size()));
  for (float& x : row) x -= mean;
}

}  // namespace

PairAttribution::PairAttribution(const Sae& sae, const AttentionWeights& weights,
                                 AttentionInput input, ThreadPool& threads)
    : n_heads_(weights.n_heads),
      heads_for_values_(weights.n_heads / weights.n_kv_heads),
      d_head_(weights.d_head),
      width_(n_heads_ * d_head_),
      projected_(sae.n_latents * width_ * sizeof(float)),
      factor_(sae.n_latents, 1.0F) {
  for (size_t i = 0; i < factor_.size(); ++i) {
    if (!sae.scale.empty()) factor_[i] *= sae.scale[i];
    if (sae.kind == SaeKind::gated) factor_[i] *= sae.magnitude[i];
  }
  if (input == AttentionInput::attn_out) {
    project(sae, weights, threads);
    return;
  }
  threads.parallel_for(sae.n_latents, [&](size_t latent, size_t) {
    copy_rows(sae.w_enc, latent, 1, projected(latent).data(), width_);
    if (sae.input_norm == InputNorm::layer_norm) centre(projected(latent));
  });
}

// W_O's columns against the encoder's rows, in the one shape of gemm.h.
void PairAttribution::project(const Sae& sae, const AttentionWeights& weights,
                              ThreadPool& threads) {
  const size_t d = sae.d_in;
  const size_t n_column_tiles = (width_ + kTileRows - 1) / kTileRows;
  std::vector<float> columns(n_column_tiles * kTileRows * d);  // W_O turned, padded with zeros
  for (size_t i = 0; i < d; ++i) {
    for (size_t c = 0; c < width_; ++c) columns[c * d + i] = weights.output[i * width_ + c];
  }
  const size_t n_tiles = (sae.n_latents + kTileLatents - 1) / kTileLatents;
  threads.parallel_for(n_tiles, [&](size_t tile, size_t) {
    const size_t first = tile * kTileLatents, n = std::min(kTileLatents, sae.n_latents - first);
    std::vector<float> rows(kTileLatents * d), products(kTileRows * kTileLatents);
    copy_rows(sae.w_enc, first, n, rows.data(), d);
    if (sae.input_norm == InputNorm::layer_norm) {
      for (size_t i = 0; i < n; ++i) centre(std::span(rows).subspan(i * d, d));
    }
    for (size_t part = 0; part < n_column_tiles; ++part) {
      multiply_tile(columns.data() + part * kTileRows * d, rows.data(), d, products.data());
      const size_t first_column = part * kTileRows;
      for (size_t i = 0; i < n; ++i) {
        const std::span<float> to = projected(first + i);
        for (size_t c = first_column; c < std::min(width_, first_column + kTileRows); ++c) {
          to[c] = products[(c - first_column) * kTileLatents + i];
        }
      }
    }
  });
}

void PairAttribution::of_event(uint32_t latent, float input_factor,
                               const AttentionValues& attention, size_t first_row, size_t query_row,
                               std::span<float> into) const {
  std::ranges::fill(into, 0.0F);
  const float* direction = projected_.floats().data() + latent * width_;
  for (size_t head = 0; head < n_heads_; ++head, direction += d_head_) {
    const float* values =
        attention.values + head / heads_for_values_ * attention.value_head_stride + first_row;
    const float* pattern = attention.pattern + head * attention.head_stride +
                           query_row * attention.query_stride + first_row;
    for (size_t k = 0; k < into.size(); k += kKeys) {
      std::array<float, kKeys> written = {};
      for (size_t d = 0; d < d_head_; ++d) {
        const float* of_keys = values + d * attention.value_stride + k;
        for (size_t i = 0; i < kKeys; ++i) written[i] += direction[d] * of_keys[i];
      }
      const size_t n = std::min(kKeys, into.size() - k);
      for (size_t i = 0; i < n; ++i) into[k + i] += pattern[k + i] * written[i];
    }
  }
  const float factor = factor_[latent] * input_factor;
  for (float& value : into) value *= factor;
}

}  // namespace actogram
