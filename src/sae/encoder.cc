#include "sae/encoder.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "actogram/error.h"
#include "sae/gemm.h"
#include "sae/input_norm.h"

namespace actogram {
namespace {

constexpr size_t kLanes = 16;
static_assert(kTileLatents % kLanes == 0);

// Whether a latent of these sixteen passes; most do not, so this is what a row costs.
bool any_above(const float* products, const float* bias, const float* limit) {
  bool any = false;
  for (size_t i = 0; i < kLanes; ++i) any |= products[i] + bias[i] > limit[i];
  return any;
}
bool any_above(const float* products, const float* bias, const float* scale, float bar) {
  bool any = false;
  for (size_t i = 0; i < kLanes; ++i) any |= (products[i] + bias[i]) * scale[i] > bar;
  return any;
}

}  // namespace

SaeEncoder::SaeEncoder(Sae sae, uint32_t n_threads)
    : sae_(std::move(sae)),
      pool_(n_threads),
      n_latent_tiles_((sae_.n_latents + kTileLatents - 1) / kTileLatents),
      weights_(n_latent_tiles_ * kTileLatents * sae_.d_in * sizeof(float)),
      products_(pool_.n_threads(), std::vector<float>(kTileRows * kTileLatents)) {
  copy_weights();
  make_tests();
  // Enough tiles at a time for all threads, where an SAE has few latents.
  constexpr size_t kTilesForThread = 4;
  max_row_tiles_ = (kTilesForThread * pool_.n_threads() + n_latent_tiles_ - 1) / n_latent_tiles_;
  prepared_.resize(max_row_tiles_ * kTileRows * sae_.d_in);
  if (sae_.kind == SaeKind::top_k) {
    strongest_.resize(pool_.n_threads() * max_row_tiles_ * kTileRows);
  } else {
    tiles_.resize(max_row_tiles_ * n_latent_tiles_);
  }
}

void SaeEncoder::copy_weights() {
  const size_t width = sae_.d_in;
  pool_.parallel_for(n_latent_tiles_, [&](size_t tile, size_t) {
    const size_t first = tile * kTileLatents;
    const size_t n = std::min(kTileLatents, sae_.n_latents - first);
    const auto out = weights_.floats().subspan(first * width, n * width);
    copy_rows(sae_.w_enc, first, n, out.data(), width);
    const auto bad = std::ranges::find_if(out, [](float w) { return !std::isfinite(w); });
    if (bad != out.end()) {
      const size_t at = static_cast<size_t>(bad - out.begin());
      fail(Code::corrupt,
           "{}: encoder: latent {}, value {}: {} is not a number; the weights are "
           "damaged",
           sae_.path, first + at / width, at % width, *bad);
    }
  });
}

void SaeEncoder::make_tests() {
  const size_t n = n_latent_tiles_ * kTileLatents;
  test_bias_ = sae_.kind == SaeKind::gated ? sae_.b_gate : sae_.b_enc;
  assert(test_bias_.size() == sae_.n_latents);
  test_bias_.resize(n, -std::numeric_limits<float>::infinity());
  test_limit_.resize(n);
  if (sae_.kind == SaeKind::jump_relu) {
    for (size_t i = 0; i < sae_.n_latents; ++i) test_limit_[i] = std::max(sae_.threshold[i], 0.0F);
  }
  if (sae_.kind == SaeKind::top_k) test_scale_ = sae_.scale;
  test_scale_.resize(n, 1);
}

void SaeEncoder::encode(const float* rows, size_t n_rows, size_t row_stride, const Sink& sink) {
  assert(n_rows <= std::numeric_limits<uint32_t>::max() && row_stride >= sae_.d_in);
  for (first_row_ = 0; first_row_ < n_rows; first_row_ += n_rows_) {
    n_rows_ = std::min(n_rows - first_row_, max_row_tiles_ * kTileRows);
    prepare(rows + first_row_ * row_stride, row_stride);
    const size_t n_row_tiles = (n_rows_ + kTileRows - 1) / kTileRows;
    pool_.parallel_for(n_row_tiles * n_latent_tiles_, [&](size_t item, size_t thread) {
      // Neighbours in time share the latents' weights.
      encode_tile(item % n_row_tiles, item / n_row_tiles, thread);
    });
    emit(sink);
  }
}

void SaeEncoder::prepare(const float* rows, size_t row_stride) {
  const size_t width = sae_.d_in;
  for (Strongest& part : strongest_) part.clear();
  finite_.resize(n_rows_);
  constexpr size_t kRowsAtOnce = 16;
  pool_.parallel_for((n_rows_ + kRowsAtOnce - 1) / kRowsAtOnce, [&](size_t item, size_t) {
    const size_t end = std::min(n_rows_, (item + 1) * kRowsAtOnce);
    for (size_t row = item * kRowsAtOnce; row < end; ++row) {
      finite_[row] = prepare_row(sae_, {rows + row * row_stride, width},
                                 std::span(prepared_).subspan(row * width, width));
    }
  });
  const size_t padded = (n_rows_ + kTileRows - 1) / kTileRows * kTileRows;
  std::fill_n(prepared_.begin() + static_cast<ptrdiff_t>(n_rows_ * width),
              (padded - n_rows_) * width, 0.0F);
}

void SaeEncoder::encode_tile(size_t row_tile, size_t latent_tile, size_t thread) {
  const size_t width = sae_.d_in, first_row = row_tile * kTileRows;
  const auto first_latent = static_cast<uint32_t>(latent_tile * kTileLatents);
  float* products = products_[thread].data();
  multiply_tile(prepared_.data() + first_row * width,
                weights_.floats().data() + first_latent * width, width, products);
  const size_t n = std::min(kTileRows, n_rows_ - first_row);
  if (sae_.kind == SaeKind::top_k) {
    // A thread's tiles of a row come in rising order of latent, as parallel_for() hands them out.
    Strongest* of_thread = &strongest_[thread * max_row_tiles_ * kTileRows + first_row];
    for (size_t i = 0; i < n; ++i) {
      const auto row = static_cast<uint32_t>(first_row_ + first_row + i);
      if (finite_[first_row + i] == 0) continue;
      keep_strongest(products + i * kTileLatents, first_latent, row, of_thread[i]);
    }
    return;
  }
  TileEvents& out = tiles_[row_tile * n_latent_tiles_ + latent_tile];
  out.events.clear();
  out.end.clear();
  for (size_t i = 0; i < n; ++i) {
    const auto row = static_cast<uint32_t>(first_row_ + first_row + i);
    if (finite_[first_row + i] != 0) {
      keep_above(products + i * kTileLatents, first_latent, row, out);
    }
    out.end.push_back(static_cast<uint32_t>(out.events.size()));
  }
}

// The latent itself, 0 where it is off. `product` is a of sae.h.
float SaeEncoder::value_of(float product, size_t latent) const {
  float value = product + test_bias_[latent];
  if (!(value > test_limit_[latent])) return 0;
  if (sae_.kind == SaeKind::gated) value = product * sae_.magnitude[latent] + sae_.b_enc[latent];
  if (!sae_.scale.empty()) value *= sae_.scale[latent];
  return value > 0 ? value : 0;
}

void SaeEncoder::keep_above(const float* products, uint32_t first_latent, uint32_t row,
                            TileEvents& out) const {
  for (uint32_t i = 0; i < kTileLatents; i += kLanes) {
    const uint32_t at = first_latent + i;
    if (!any_above(products + i, &test_bias_[at], &test_limit_[at])) continue;
    for (uint32_t j = 0; j < kLanes; ++j) {
      const float value = value_of(products[i + j], at + j);
      if (value > 0) out.events.push_back({row, at + j, value});
    }
  }
}

// Only latents above 0 can count: what is not is dropped after the choice, so it need not take
// part.
void SaeEncoder::keep_strongest(const float* products, uint32_t first_latent, uint32_t row,
                                Strongest& out) const {
  for (uint32_t i = 0; i < kTileLatents; i += kLanes) {
    const uint32_t at = first_latent + i;
    if (!any_above(products + i, &test_bias_[at], &test_scale_[at], out.bar())) continue;
    for (uint32_t j = 0; j < kLanes; ++j) {
      const float value = (products[i + j] + test_bias_[at + j]) * test_scale_[at + j];
      if (value > out.bar()) out.offer({row, at + j, value}, sae_.k);
    }
  }
}

void SaeEncoder::append_row(size_t row) {
  const size_t row_of_tile = row % kTileRows;
  for (size_t t = 0; t < n_latent_tiles_; ++t) {
    const TileEvents& tile = tiles_[row / kTileRows * n_latent_tiles_ + t];
    const size_t from = row_of_tile == 0 ? 0 : tile.end[row_of_tile - 1];
    events_.insert(events_.end(), tile.events.begin() + static_cast<ptrdiff_t>(from),
                   tile.events.begin() + static_cast<ptrdiff_t>(tile.end[row_of_tile]));
  }
}

void SaeEncoder::append_strongest(size_t row) {
  const size_t begin = events_.size();
  for (size_t thread = 0; thread < pool_.n_threads(); ++thread) {
    const Strongest& part = strongest_[thread * max_row_tiles_ * kTileRows + row];
    events_.insert(events_.end(), part.events().begin(), part.events().end());
  }
  cut_to_strongest(events_, begin, sae_.k);
  std::sort(events_.begin() + static_cast<ptrdiff_t>(begin), events_.end(),
            [](auto& a, auto& b) { return a.latent < b.latent; });
}

void SaeEncoder::emit(const Sink& sink) {
  events_.clear();
  not_finite_.clear();
  for (size_t row = 0; row < n_rows_; ++row) {
    if (finite_[row] == 0) not_finite_.push_back(static_cast<uint32_t>(first_row_ + row));
    if (sae_.kind == SaeKind::top_k) {
      append_strongest(row);
    } else {
      append_row(row);
    }
  }
  sink({first_row_, n_rows_, events_, not_finite_});
}

}  // namespace actogram
