#include "core/upper_factor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace actogram {
namespace {

// |M x| and |R x| in float64.
struct Lengths {
  double of_matrix, of_factor;
};
Lengths lengths(std::span<const float> matrix, size_t stride, size_t first, size_t n,
                std::span<const double> x) {
  const std::vector<float> factor = upper_factor(matrix, stride, first, n);
  const auto length = [&](std::span<const float> m, size_t row_stride, size_t from) {
    double squares = 0;
    for (size_t row = 0; row < m.size() / row_stride; ++row) {
      double sum = 0;
      for (size_t i = 0; i < n; ++i) sum += double{m[row * row_stride + from + i]} * x[i];
      squares += sum * sum;
    }
    return std::sqrt(squares);
  };
  return {length(matrix, stride, first), length(factor, n, 0)};
}

TEST(UpperFactor, KeepsLengthsOfWhatTheMatrixWrites) {
  std::mt19937 rng(1);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 40; ++round) {
    const size_t n = 1 + rng() % 20, n_rows = n + rng() % 60, first = rng() % 9;
    const size_t stride = first + n + rng() % 5;
    std::vector<float> matrix(n_rows * stride);
    for (float& value : matrix) value = normal(rng);
    if (round % 3 == 0) {  // columns that are all but the same
      for (size_t row = 0; row < n_rows; ++row) {
        for (size_t i = 1; i < n; ++i) {
          float& value = matrix[row * stride + first + i];
          value = matrix[row * stride + first] + 1e-4F * value;
        }
      }
    }
    std::vector<double> x(n);
    double size = 0;
    for (double& value : x) value = normal(rng), size += value * value;
    const Lengths found = lengths(matrix, stride, first, n, x);
    const double bound = 2e-7 * std::sqrt(static_cast<double>(n_rows * n) * size);
    EXPECT_NEAR(found.of_factor, found.of_matrix, bound) << "round " << round;
  }
}

TEST(UpperFactor, IsTriangularAndTakesZerosAndFlatMatrices) {
  const std::vector<float> zeros(12);
  for (const float value : upper_factor(zeros, 3, 0, 3)) EXPECT_EQ(value, 0);
  const std::vector<float> flat = {3, 0, 4};  // one row
  EXPECT_NEAR(lengths(flat, 3, 0, 3, std::vector<double>{1, 7, 1}).of_factor, 7, 1e-6);
  const std::vector<float> matrix = {1, 2, 3, 4, 5, 6, 7, 8, 10};
  const std::vector<float> factor = upper_factor(matrix, 3, 0, 3);
  EXPECT_EQ(factor[3], 0);
  EXPECT_EQ(factor[6], 0);
  EXPECT_EQ(factor[7], 0);
  EXPECT_NEAR(std::abs(factor[0] * factor[4] * factor[8]), 3, 1e-5) << "the determinant";
}

}  // namespace
}  // namespace actogram
