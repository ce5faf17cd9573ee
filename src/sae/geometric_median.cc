#include "sae/geometric_median.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace actogram {
namespace {

constexpr int kMaxSteps = 100;
constexpr double kShortStep = 1e-6;  // of the mean distance
constexpr size_t kRowsAtOnce = 64;
constexpr size_t kColumnsAtOnce = 64;

std::vector<double> distances(const float* rows, size_t n_rows, const std::vector<double>& from,
                              ThreadPool& pool) {
  const size_t width = from.size();
  std::vector<double> found(n_rows);
  pool.parallel_for((n_rows + kRowsAtOnce - 1) / kRowsAtOnce, [&](size_t item, size_t) {
    const size_t end = std::min(n_rows, (item + 1) * kRowsAtOnce);
    for (size_t row = item * kRowsAtOnce; row < end; ++row) {
      double sum = 0;
      for (size_t i = 0; i < width; ++i) {
        const double difference = rows[row * width + i] - from[i];
        sum += difference * difference;
      }
      found[row] = std::sqrt(sum);
    }
  });
  return found;
}

std::vector<double> scaled(std::vector<double> row, double factor) {
  for (double& x : row) x *= factor;
  return row;
}

}  // namespace

std::vector<double> weighted_sum(const float* rows, size_t n_rows, size_t width,
                                 const std::vector<double>& weights, ThreadPool& pool) {
  std::vector<double> sums(width);
  pool.parallel_for((width + kColumnsAtOnce - 1) / kColumnsAtOnce, [&](size_t item, size_t) {
    const size_t begin = item * kColumnsAtOnce, end = std::min(width, begin + kColumnsAtOnce);
    for (size_t row = 0; row < n_rows; ++row) {
      for (size_t i = begin; i < end; ++i) sums[i] += weights[row] * rows[row * width + i];
    }
  });
  return sums;
}

std::vector<float> mean_row(const float* rows, size_t n_rows, size_t width, ThreadPool& pool) {
  const std::vector<double> ones(n_rows, 1.0);
  const auto sums = weighted_sum(rows, n_rows, width, ones, pool);
  std::vector<float> mean(width);
  for (size_t i = 0; i < width; ++i) {
    mean[i] = static_cast<float>(sums[i] / static_cast<double>(n_rows));
  }
  return mean;
}

std::vector<float> geometric_median(const float* rows, size_t n_rows, size_t width,
                                    ThreadPool& pool) {
  const auto n = static_cast<double>(n_rows);
  const std::vector<double> ones(n_rows, 1.0);
  std::vector<double> point = scaled(weighted_sum(rows, n_rows, width, ones, pool), 1 / n);
  for (int step = 0; step < kMaxSteps; ++step) {
    std::vector<double> weights = distances(rows, n_rows, point, pool);
    const double mean_distance = std::accumulate(weights.begin(), weights.end(), 0.0) / n;
    if (mean_distance == 0) break;
    // A row that the point has reached would weigh infinitely.
    const double least = kShortStep * mean_distance;
    for (double& weight : weights) weight = 1 / std::max(weight, least);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    const auto next = scaled(weighted_sum(rows, n_rows, width, weights, pool), 1 / total);
    double moved = 0;
    for (size_t i = 0; i < width; ++i) moved += (next[i] - point[i]) * (next[i] - point[i]);
    point = next;
    if (std::sqrt(moved) < least) break;
  }
  return {point.begin(), point.end()};
}

}  // namespace actogram
