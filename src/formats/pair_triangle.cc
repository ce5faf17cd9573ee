#include "formats/pair_triangle.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace actogram {

std::optional<PairTriangle> pair_triangle(size_t n_tokens, size_t n_values) {
  const size_t square = triangle_number(n_tokens);
  if (n_tokens == 0 || n_values > square) return std::nullopt;
  const size_t missing = square - n_values;
  auto m = static_cast<size_t>((std::sqrt(8.0 * static_cast<double>(missing) + 1) - 1) / 2);
  while (triangle_number(m) < missing) ++m;
  if (triangle_number(m) != missing || m >= n_tokens) return std::nullopt;
  return PairTriangle{n_tokens, n_tokens - m};
}

std::vector<double> to_square(const PairTriangle& triangle, std::span<const double> values) {
  std::vector<double> square(triangle_number(triangle.n_tokens),
                             std::numeric_limits<double>::quiet_NaN());
  size_t from = 0;
  for (size_t query = 0; query < triangle.n_tokens; ++query) {
    const size_t n = std::min(query + 1, triangle.n_keys);
    std::ranges::copy(values.subspan(from, n),
                      square.begin() + static_cast<ptrdiff_t>(triangle_number(query)));
    from += n;
  }
  return square;
}

std::vector<double> from_square(size_t n_tokens, std::span<const double> square) {
  // The last row shows it: keys are missing from its end.
  size_t n_keys = n_tokens;
  const auto missing = [&](size_t key) {
    for (size_t query = key; query < n_tokens; ++query) {
      if (!std::isnan(square[triangle_number(query) + key])) return false;
    }
    return true;
  };
  while (n_keys > 1 && missing(n_keys - 1)) --n_keys;
  std::vector<double> values;
  for (size_t query = 0; query < n_tokens; ++query) {
    const auto row = square.subspan(triangle_number(query), std::min(query + 1, n_keys));
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

}  // namespace actogram
