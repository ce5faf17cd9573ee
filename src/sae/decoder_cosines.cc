#include "sae/decoder_cosines.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr size_t kRowsAtOnce = 256;

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

}  // namespace

std::vector<float> decoder_row(const Sae& sae, uint32_t latent) {
  if (!sae.w_dec) {
    fail(Code::invalid, "{}: has no decoder, so nothing is known of where latents write", sae.path);
  }
  std::vector<float> row(sae.d_out);
  copy_rows(*sae.w_dec, latent, 1, row.data(), row.size());
  return row;
}

std::vector<double> decoder_cosines(const Sae& sae, uint32_t latent) {
  const std::vector<float> own = decoder_row(sae, latent);
  const size_t width = sae.d_out;
  std::vector<float> rows(kRowsAtOnce * width);
  const double own_norm = std::sqrt(dot(own, own));
  std::vector<double> cosines;
  cosines.reserve(sae.n_latents);
  for (size_t first = 0; first < sae.n_latents; first += kRowsAtOnce) {
    const size_t n = std::min(kRowsAtOnce, sae.n_latents - first);
    copy_rows(*sae.w_dec, first, n, rows.data(), width);
    for (size_t row = 0; row < n; ++row) {
      const std::span<const float> other(rows.data() + row * width, width);
      cosines.push_back(dot(own, other) / (own_norm * std::sqrt(dot(other, other))));
    }
  }
  return cosines;
}

}  // namespace actogram
