#include "core/upper_factor.h"

#include <algorithm>
#include <cmath>

namespace actogram {
namespace {

// Eight sums side by side, so that it becomes vector code without leave to reorder.
double dot(std::span<const double> a, std::span<const double> b) {
  constexpr size_t kSums = 8;
  double sums[kSums] = {};
  size_t i = 0;
  for (; i + kSums <= a.size(); i += kSums) {
    for (size_t s = 0; s < kSums; ++s) sums[s] += a[i + s] * b[i + s];
  }
  for (; i < a.size(); ++i) sums[i % kSums] += a[i] * b[i];
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

// Columns of float64, each in one piece.
class Columns {
 public:
  Columns(std::span<const float> matrix, size_t stride, size_t first, size_t n)
      : n_rows_(matrix.size() / stride), values_(n_rows_ * n) {
    for (size_t row = 0; row < n_rows_; ++row) {
      for (size_t column = 0; column < n; ++column) {
        values_[column * n_rows_ + row] = matrix[row * stride + first + column];
      }
    }
  }

  size_t n_rows() const { return n_rows_; }
  std::span<double> from(size_t column, size_t row) {
    return std::span(values_).subspan(column * n_rows_ + row, n_rows_ - row);
  }

 private:
  size_t n_rows_;
  std::vector<double> values_;
};

}  // namespace

std::vector<float> upper_factor(std::span<const float> matrix, size_t stride, size_t first,
                                size_t n) {
  Columns columns(matrix, stride, first, n);
  std::vector<float> factor(n * n);
  const size_t n_steps = std::min(n, columns.n_rows());
  for (size_t k = 0; k < n_steps; ++k) {
    const std::span<double> axis = columns.from(k, k);
    const double length = std::sqrt(dot(axis, axis));
    const double diagonal = axis[0] > 0 ? -length : length;
    axis[0] -= diagonal;  // now the normal of the mirror
    const double squares = dot(axis, axis);
    for (size_t j = k + 1; j < n && squares > 0; ++j) {
      const std::span<double> column = columns.from(j, k);
      const double twice = 2 * dot(axis, column) / squares;
      for (size_t i = 0; i < axis.size(); ++i) column[i] -= twice * axis[i];
    }
    factor[k * n + k] = static_cast<float>(diagonal);
    for (size_t j = k + 1; j < n; ++j) {
      factor[k * n + j] = static_cast<float>(columns.from(j, k)[0]);
    }
  }
  return factor;
}

}  // namespace actogram
