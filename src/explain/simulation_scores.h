// How well simulated activations tell the true ones, token by token over several excerpts, as Bills
// et al. 2023 define it; and the calibration that brings simulated levels to the true scale.
//
// The three scores are of all tokens of all excerpts in one row, not means of excerpts' scores. A
// token counts with a weight, so that a few can stand for many; where all are equal the scores are
// those that were published.
#pragma once

#include <span>

namespace actogram {

struct SimulationScores {
  double correlation = 0;          // Pearson's; NaN where either side is constant
  double r_squared = 0;            // 1 - mean((true - simulated)^2) / mean(true^2): not centred
  double deviation_explained = 0;  // 1 - mean|true - simulated| / mean|true|
};

struct SimulatedToken {
  double truth = 0;
  double simulated = 0;
  double weight = 1;  // above 0
};

// NaN where what is divided by is 0. Tokens whose numbers are not finite are left out.
SimulationScores simulation_scores(std::span<const SimulatedToken> tokens);

// The line of least squares, truth ~ slope * simulated + intercept.
struct LinearCalibration {
  double slope = 0;
  double intercept = 0;

  double operator()(double simulated) const { return slope * simulated + intercept; }
};
// Each token counts once. Error{invalid} where there are fewer than two, or the simulated numbers
// are all the same.
LinearCalibration fit_calibration(std::span<const SimulatedToken> tokens);

// One token's probabilities of the levels 0 to 10, as far as the model gave them (the others are
// 0); they need not add up to 1. NaN where it gave none: that is a failure, and no level 0.
double expected_level(std::span<const double, 11> probabilities);

}  // namespace actogram
