// Moments of a unit's values: sums of powers that merge exactly, and what statistics makes of them.
//
// The powers of one sequence are added in double, position by position from the first to the last;
// those partial sums enter an ExactSum. A sequence is never split between threads or shards, so the
// sums have the same bits however the corpus was divided. Error: with n tokens in the longest
// sequence, each sum is within n * 2^-53 of the sum of magnitudes, so the variance is good to about
// n * 2^-53 * (mean^2 / variance + 1), relative.
#pragma once

#include <array>
#include <cstdint>

#include "actogram/types.h"
#include "core/exact_sum.h"

namespace actogram {

// Sums of value^1 .. value^4 over finite values.
struct PowerSums {
  std::array<ExactSum, 4> sum;

  void add(const std::array<double, 4>& partial) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i].add(partial[i]);
  }
  void merge(const PowerSums& other) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i].merge(other.sum[i]);
  }
  bool operator==(const PowerSums&) const = default;
};

// Fills mean, variance, skewness and kurtosis of `summary` from its count and the sums.
void set_moments(const PowerSums& sums, Summary& summary);

}  // namespace actogram
