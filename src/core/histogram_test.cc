#include "core/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <vector>

namespace actogram {
namespace {

// The definition by search: the bin whose edges enclose the value.
uint32_t bin_by_search(float value) {
  if (value == 0) return kZeroBin;
  for (uint32_t bin = 0; bin < kNumBins; ++bin) {
    if (bin == kZeroBin) continue;
    const double low = lower_edge(bin), high = lower_edge(bin + 1);
    if (value > 0 ? low <= value && value < high : low < value && value <= high) {
      // The tiniest positive bin begins at 0, which is not in it.
      return bin;
    }
  }
  return kNumBins;
}

TEST(Histogram, PutsEveryFloatBetweenItsEdges) {
  std::mt19937 rng(1);
  for (int i = 0; i < 20000; ++i) {
    auto value = std::bit_cast<float>(static_cast<uint32_t>(rng()));
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(bin_of(value), bin_by_search(value)) << value;
  }
  for (const float value : {0.0f, -0.0f, 1.0f, -1.0f, 0x1p-24f, -0x1p-24f, 0x1p24f, -0x1p24f,
                            0x1.fffffep23f, 1e-45f, 3.4e38f, -3.4e38f}) {
    EXPECT_EQ(bin_of(value), bin_by_search(value)) << value;
  }
}

TEST(Histogram, HasRisingEdgesAtMostAnEighthApart) {
  for (uint32_t bin = 0; bin < kNumBins; ++bin) {
    if (bin == kZeroBin) continue;
    EXPECT_LT(lower_edge(bin), lower_edge(bin + 1)) << bin;
    const double inner = std::min(std::abs(lower_edge(bin)), std::abs(lower_edge(bin + 1)));
    const double outer = std::max(std::abs(lower_edge(bin)), std::abs(lower_edge(bin + 1)));
    if (inner > 0 && std::isfinite(outer)) {
      EXPECT_LE(outer / inner, 1.125) << bin;
    }
  }
}

TEST(Quantile, LiesInTheBinOfTheTrueOne) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::vector<float> values(1 + rng() % 500);
    for (float& value : values) value = std::normal_distribution<float>(0.5f, 1)(rng);
    std::ranges::sort(values);
    std::map<uint16_t, uint64_t> histogram;
    for (const float value : values) ++histogram[static_cast<uint16_t>(bin_of(value))];
    std::vector<uint16_t> bins;
    std::vector<uint64_t> counts;
    for (const auto& [bin, count] : histogram) bins.push_back(bin), counts.push_back(count);
    for (const double q : {0.0, 0.1, 0.5, 0.9, 0.99, 1.0}) {
      const double got = quantile(bins, counts, q, values.front(), values.back());
      const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
      const float truth = values[std::max<size_t>(rank, 1) - 1];
      EXPECT_GE(got, lower_edge(bin_of(truth)) - 1e-12) << q;
      EXPECT_LE(got, lower_edge(bin_of(truth) + 1) + 1e-12) << q;
    }
  }
}

TEST(Histogram, EntropyIsOfTheSharesOfItsBins) {
  EXPECT_EQ(entropy_bits(std::vector<uint64_t>{7}), 0);
  EXPECT_DOUBLE_EQ(entropy_bits(std::vector<uint64_t>{5, 5, 5, 5}), 2);
  EXPECT_DOUBLE_EQ(entropy_bits(std::vector<uint64_t>{5, 0, 5}), 1);
  const double expected = -(0.25 * std::log2(0.25) + 0.75 * std::log2(0.75));
  EXPECT_NEAR(entropy_bits(std::vector<uint64_t>{1'000'000, 3'000'000}), expected, 1e-12);
  EXPECT_TRUE(std::isnan(entropy_bits({})));
}

}  // namespace
}  // namespace actogram
