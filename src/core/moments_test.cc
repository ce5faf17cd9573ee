#include "core/moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace actogram {
namespace {

Summary summary_of(const std::vector<float>& values) {
  PowerSums sums;
  for (const float value : values) {
    const double v = value;
    sums.add({v, v * v, v * v * v, v * v * v * v});
  }
  Summary summary;
  summary.count = values.size();
  set_moments(sums, summary);
  return summary;
}

TEST(SetMoments, EqualsTheTwoPassDefinition) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::vector<float> values(2 + rng() % 3000);
    std::normal_distribution<float> normal(static_cast<float>(rng() % 5), 1);
    for (float& value : values) value = normal(rng) * normal(rng);
    const auto n = static_cast<double>(values.size());
    double mean = 0, m2 = 0, m3 = 0, m4 = 0;
    for (const float value : values) mean += value / n;
    for (const float value : values) {
      const double d = value - mean;
      m2 += d * d / n, m3 += d * d * d / n, m4 += d * d * d * d / n;
    }
    const Summary summary = summary_of(values);
    EXPECT_NEAR(summary.mean, mean, 1e-12 * std::abs(mean) + 1e-13);
    EXPECT_NEAR(summary.variance, m2, 1e-12 * m2);
    EXPECT_NEAR(summary.skewness, m3 / std::pow(m2, 1.5), 1e-10);
    EXPECT_NEAR(summary.kurtosis, m4 / (m2 * m2), 1e-10 * m4 / (m2 * m2));
  }
}

TEST(SetMoments, SaysNaNWhereAMomentIsNotDefined) {
  EXPECT_TRUE(std::isnan(summary_of({}).mean));
  const Summary constant = summary_of({2, 2, 2});
  EXPECT_EQ(constant.mean, 2);
  EXPECT_EQ(constant.variance, 0);
  EXPECT_TRUE(std::isnan(constant.skewness));
  EXPECT_TRUE(std::isnan(constant.kurtosis));
}

}  // namespace
}  // namespace actogram
