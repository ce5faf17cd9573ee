// Pearson's correlation of two columns, and how likely one at least as strong is by chance.
//
// p is two-sided, under the exact distribution of r for independent Gaussian columns: with n pairs,
// t = r sqrt((n - 2) / (1 - r^2)) is Student's with n - 2 degrees of freedom, and p is the
// regularised incomplete beta function I_{1 - r^2}((n - 2) / 2, 1 / 2). It is within 1e-12
// relative, and 0 below the smallest double. As scipy.stats.pearsonr.
#pragma once

#include <cstdint>
#include <span>

namespace actogram {

struct Correlation {
  uint64_t n = 0;  // pairs of finite numbers; others are left out
  double r = 0;    // NaN where n < 2 or a column is constant
  double p = 0;    // NaN where r is, and where n < 3
};

Correlation correlate(std::span<const double> x, std::span<const double> y);  // of equal length

// p of a correlation r in [-1, 1] of `n` pairs. Requires: n > 2.
double chance_of_correlation(double r, uint64_t n);

}  // namespace actogram
