#include "sae/input_norm.h"

#include <algorithm>
#include <cmath>

namespace actogram {
namespace {

constexpr float kEpsilon = 1e-5F;  // OpenAI's and SAELens'; added to std, not to the variance

// Sums are in double, so that the order of their terms does not show; what follows is float32, one
// operation after the other, as PyTorch does it.
void layer_norm(std::span<float> row) {
  const auto n = static_cast<double>(row.size());
  double sum = 0, squares = 0;
  for (const float x : row) sum += x;
  const double mean = sum / n;
  for (const float x : row) squares += (x - mean) * (x - mean);
  const auto minus = static_cast<float>(mean);
  const float divisor = static_cast<float>(std::sqrt(squares / (n - 1))) + kEpsilon;
  for (float& x : row) x = (x - minus) / divisor;
}

void constant_norm(std::span<float> row) {
  double squares = 0;
  for (const double x : row) squares += x * x;
  const float factor =
      std::sqrt(static_cast<float>(row.size())) / static_cast<float>(std::sqrt(squares));
  for (float& x : row) x *= factor;
}

void normalise(const Sae& sae, std::span<float> row) {
  switch (sae.input_norm) {
    case InputNorm::layer_norm:
      return layer_norm(row);
    case InputNorm::constant_norm:
      return constant_norm(row);
    case InputNorm::scale:
      for (float& x : row) x *= sae.input_scale;
      return;
    case InputNorm::none:
      return;
  }
}

}  // namespace

float input_factor(const Sae& sae, std::span<const float> row) {
  const auto n = static_cast<double>(row.size());
  double sum = 0, squares = 0;
  switch (sae.input_norm) {
    case InputNorm::layer_norm:
      for (const float x : row) sum += x;
      for (const float x : row) squares += (x - sum / n) * (x - sum / n);
      return 1 / (static_cast<float>(std::sqrt(squares / (n - 1))) + kEpsilon);
    case InputNorm::constant_norm:
      for (const double x : row) squares += x * x;
      return static_cast<float>(std::sqrt(n / squares));
    case InputNorm::scale:
      return sae.input_scale;
    case InputNorm::none:
      return 1;
  }
  return 1;
}

bool prepare_row(const Sae& sae, std::span<const float> row, std::span<float> out) {
  std::ranges::copy(row, out.begin());
  normalise(sae, out);
  for (size_t i = 0; i < sae.pre_bias.size(); ++i) out[i] -= sae.pre_bias[i];
  if (std::ranges::all_of(out, [](float x) { return std::isfinite(x); })) return true;
  std::ranges::fill(out, 0.0F);
  return false;
}

}  // namespace actogram
