#include "core/exact_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace actogram {
namespace {

std::vector<double> random_values(std::mt19937_64& rng, size_t n) {
  std::vector<double> values(n);
  for (double& value : values) {
    const double mantissa = std::uniform_real_distribution<double>(-1, 1)(rng);
    value = std::ldexp(mantissa, static_cast<int>(rng() % 700) - 190);
  }
  return values;
}

TEST(ExactSum, IsTheSameForEveryOrderAndSplit) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    auto values = random_values(rng, rng() % 60);
    ExactSum once;
    for (const double value : values) once.add(value);
    std::ranges::shuffle(values, rng);
    std::array<ExactSum, 3> parts;
    for (const double value : values) parts[rng() % 3].add(value);
    parts[2].merge(parts[0]);
    parts[2].merge(parts[1]);
    EXPECT_EQ(parts[2], once);
  }
}

// A thousand integers below 2^40 add exactly in 64 bits.
TEST(ExactSum, EqualsIntegerArithmetic) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    int64_t expected = 0;
    ExactSum sum;
    for (int i = 0; i < 1000; ++i) {
      const int64_t n = static_cast<int64_t>(rng() >> 24) - (int64_t{1} << 39);
      expected += n;
      sum.add(static_cast<double>(n));
    }
    EXPECT_EQ(sum.value(), static_cast<double>(expected));
  }
}

TEST(ExactSum, LosesNothingToCancellation) {
  ExactSum sum;
  for (const double value : {1e170, 1.0, -1e170, 1e-70}) sum.add(value);
  EXPECT_EQ(sum.value(), 1.0 + 1e-70);
  sum.add(-1.0);
  EXPECT_NEAR(sum.value() / 1e-70, 1.0, 1e-6);  // bits below 2^-256 are dropped
  sum.add(-1e-70);
  EXPECT_EQ(sum, ExactSum());
}

TEST(ExactSum, NegatedIsTheSumOfTheNegatedValues) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    ExactSum sum, of_negated;
    for (const double value : random_values(rng, rng() % 60)) {
      sum.add(value);
      of_negated.add(-value);
    }
    sum.negate();
    EXPECT_EQ(sum, of_negated);
  }
}

TEST(ExactSum, CarriesThroughAllLimbs) {
  ExactSum sum;
  sum.add(std::ldexp(1.0, -256));
  sum.add(-std::ldexp(1.0, -255));
  EXPECT_EQ(sum.value(), -std::ldexp(1.0, -256));
  sum.add(std::ldexp(1.0, -255));
  EXPECT_EQ(sum.value(), std::ldexp(1.0, -256));
}

}  // namespace
}  // namespace actogram
