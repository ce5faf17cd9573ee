#include "explain/simulation_scores.h"

#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>

#include "actogram/error.h"
#include "core/correlation.h"

namespace actogram {
namespace {

void for_each_finite_pair(std::span<const double> x, std::span<const double> y, const auto& visit) {
  assert(x.size() == y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i]) && std::isfinite(y[i])) visit(x[i], y[i]);
  }
}

}  // namespace

SimulationScores simulation_scores(std::span<const double> truth,
                                   std::span<const double> simulated) {
  double squares = 0, magnitudes = 0, squared_errors = 0, errors = 0;
  for_each_finite_pair(truth, simulated, [&](double t, double s) {
    squares += t * t, magnitudes += std::abs(t);
    squared_errors += (t - s) * (t - s), errors += std::abs(t - s);
  });
  const auto explained = [](double error, double all) {
    return all > 0 ? 1 - error / all : std::numeric_limits<double>::quiet_NaN();
  };
  return {.correlation = correlate(truth, simulated).r,
          .r_squared = explained(squared_errors, squares),
          .deviation_explained = explained(errors, magnitudes)};
}

LinearCalibration fit_calibration(std::span<const double> truth,
                                  std::span<const double> simulated) {
  uint64_t n = 0;
  double mean_truth = 0, mean_simulated = 0;
  for_each_finite_pair(truth, simulated,
                       [&](double t, double s) { mean_truth += t, mean_simulated += s, ++n; });
  if (n > 0) mean_truth /= static_cast<double>(n), mean_simulated /= static_cast<double>(n);
  double variance = 0, covariance = 0;
  for_each_finite_pair(truth, simulated, [&](double t, double s) {
    variance += (s - mean_simulated) * (s - mean_simulated);
    covariance += (s - mean_simulated) * (t - mean_truth);
  });
  if (n < 2 || variance == 0) {
    fail(Code::invalid,
         "cannot calibrate: {} simulated values that are {}; expected two that differ", n,
         n < 2 ? "too few" : "all the same");
  }
  const double slope = covariance / variance;
  return {slope, mean_truth - slope * mean_simulated};
}

double expected_level(std::span<const double, 11> probabilities) {
  double mass = 0, sum = 0;
  for (size_t level = 0; level < probabilities.size(); ++level) {
    mass += probabilities[level];
    sum += static_cast<double>(level) * probabilities[level];
  }
  return mass > 0 ? sum / mass : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace actogram
