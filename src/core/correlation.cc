#include "core/correlation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace actogram {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// ln B(a, 1/2) = ln sqrt(pi) - (ln G(a + 1/2) - ln G(a)). The difference of two large logarithms
// loses digits, so for large a it is taken from its own series in 1 / a (DLMF 5.11.13).
double log_beta_half(double a) {
  constexpr double kLogSqrtPi = 0.57236494292470008707;
  constexpr double kLarge = 30;
  if (a < kLarge) return kLogSqrtPi + std::lgamma(a) - std::lgamma(a + 0.5);
  const double u = 1 / a, v = u * u;
  return kLogSqrtPi - 0.5 * std::log(a) +
         u * (1.0 / 8 - v * (1.0 / 192 - v * (1.0 / 640 - v * (17.0 / 14336))));
}

// The continued fraction 1 + d1 / (1 + d2 / (1 + ...)) of the incomplete beta function (DLMF
// 8.17.22), by Lentz's method. Some hundred steps at most where x < (a + 1) / (a + b + 2).
double beta_fraction(double x, double a, double b) {
  constexpr int kMostSteps = 100'000;
  double value = 1, c = 1, d = 0;
  for (int step = 1; step < kMostSteps; ++step) {
    const double m = std::floor(step / 2.0);
    const double numerator = step % 2 == 0 ? m * (b - m) : -(a + m) * (a + b + m);
    const double term = numerator * x / ((a + step - 1) * (a + step));
    d = 1 / (1 + term * d);
    c = 1 + term / c;
    value *= c * d;
    if (std::abs(c * d - 1) < std::numeric_limits<double>::epsilon()) break;
  }
  return value;
}

}  // namespace

// I_{1 - r^2}(a, 1/2), from the side where the fraction is fast.
double chance_of_correlation(double r, uint64_t n) {
  assert(n > 2);
  const double a = static_cast<double>(n - 2) / 2;
  const double x = (1 - r) * (1 + r);
  if (x == 0) return 0;
  const double front = std::exp(a * std::log1p(-r * r) - log_beta_half(a)) * std::abs(r);
  if (x < (a + 1) / (a + 2.5)) return front / a / beta_fraction(x, a, 0.5);
  return 1 - front / 0.5 / beta_fraction(r * r, 0.5, a);
}

Correlation correlate(std::span<const double> x, std::span<const double> y) {
  assert(x.size() == y.size());
  Correlation found{.r = kNaN, .p = kNaN};
  const auto for_each_pair = [&](const auto& visit) {
    for (size_t i = 0; i < x.size(); ++i) {
      if (std::isfinite(x[i]) && std::isfinite(y[i])) visit(x[i], y[i]);
    }
  };
  double mean_x = 0, mean_y = 0;
  for_each_pair([&](double a, double b) { mean_x += a, mean_y += b, ++found.n; });
  if (found.n < 2) return found;
  mean_x /= static_cast<double>(found.n), mean_y /= static_cast<double>(found.n);
  double xx = 0, yy = 0, xy = 0;
  for_each_pair([&](double a, double b) {
    xx += (a - mean_x) * (a - mean_x);
    yy += (b - mean_y) * (b - mean_y);
    xy += (a - mean_x) * (b - mean_y);
  });
  if (xx == 0 || yy == 0) return found;
  found.r = std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
  if (found.n > 2) found.p = chance_of_correlation(found.r, found.n);
  return found;
}

}  // namespace actogram
