#include "explain/simulation_scores.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void for_each_finite(std::span<const SimulatedToken> tokens, const auto& visit) {
  for (const SimulatedToken& token : tokens) {
    if (std::isfinite(token.truth) && std::isfinite(token.simulated)) visit(token);
  }
}

// A mean of equal numbers is not always that number, so deviations from it would not tell.
bool is_constant(std::span<const SimulatedToken> tokens, double SimulatedToken::*side) {
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  for_each_finite(tokens, [&](const SimulatedToken& token) {
    lowest = std::min(lowest, token.*side), highest = std::max(highest, token.*side);
  });
  return !(lowest < highest);
}

double correlation_of(std::span<const SimulatedToken> tokens) {
  if (is_constant(tokens, &SimulatedToken::truth)) return kNaN;
  if (is_constant(tokens, &SimulatedToken::simulated)) return kNaN;
  double weight = 0, truth = 0, simulated = 0;
  for_each_finite(tokens, [&](const SimulatedToken& token) {
    weight += token.weight;
    truth += token.weight * token.truth, simulated += token.weight * token.simulated;
  });
  truth /= weight, simulated /= weight;
  double tt = 0, ss = 0, ts = 0;
  for_each_finite(tokens, [&](const SimulatedToken& token) {
    const double t = token.truth - truth, s = token.simulated - simulated;
    tt += token.weight * t * t, ss += token.weight * s * s, ts += token.weight * t * s;
  });
  return ts / std::sqrt(tt) / std::sqrt(ss);
}

}  // namespace

SimulationScores simulation_scores(std::span<const SimulatedToken> tokens) {
  double squares = 0, magnitudes = 0, squared_errors = 0, errors = 0;
  for_each_finite(tokens, [&](const SimulatedToken& token) {
    const double error = token.truth - token.simulated;
    squares += token.weight * token.truth * token.truth;
    magnitudes += token.weight * std::abs(token.truth);
    squared_errors += token.weight * error * error;
    errors += token.weight * std::abs(error);
  });
  return {.correlation = correlation_of(tokens),
          .r_squared = squares > 0 ? 1 - squared_errors / squares : kNaN,
          .deviation_explained = magnitudes > 0 ? 1 - errors / magnitudes : kNaN};
}

LinearCalibration fit_calibration(std::span<const SimulatedToken> tokens) {
  uint64_t n = 0;
  double truth = 0, simulated = 0;
  for_each_finite(tokens, [&](const SimulatedToken& token) {
    truth += token.truth, simulated += token.simulated, ++n;
  });
  if (n < 2 || is_constant(tokens, &SimulatedToken::simulated)) {
    fail(Code::invalid,
         "cannot calibrate: {} simulated values that are {}; expected two that differ", n,
         n < 2 ? "too few" : "all the same");
  }
  truth /= static_cast<double>(n), simulated /= static_cast<double>(n);
  double variance = 0, covariance = 0;
  for_each_finite(tokens, [&](const SimulatedToken& token) {
    variance += (token.simulated - simulated) * (token.simulated - simulated);
    covariance += (token.simulated - simulated) * (token.truth - truth);
  });
  const double slope = covariance / variance;
  return {slope, truth - slope * simulated};
}

double expected_level(std::span<const double, 11> probabilities) {
  double mass = 0, sum = 0;
  for (size_t level = 0; level < probabilities.size(); ++level) {
    mass += probabilities[level];
    sum += static_cast<double>(level) * probabilities[level];
  }
  return mass > 0 ? sum / mass : kNaN;
}

}  // namespace actogram
