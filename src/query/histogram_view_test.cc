#include "query/histogram_view.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>

#include "core/histogram.h"

namespace actogram {
namespace {

TEST(ViewOf, AddsNeighboursUpAndSplitsNothing) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::map<uint16_t, uint64_t> counts;
    std::vector<float> values(1 + rng() % 2000);
    for (float& value : values) {
      value = std::normal_distribution<float>(0, 1)(rng);
      ++counts[static_cast<uint16_t>(bin_of(value))];
    }
    SparseHistogram histogram;
    for (const auto& [bin, count] : counts) {
      histogram.bins.push_back(bin);
      histogram.counts.push_back(count);
    }
    const auto [min, max] = std::ranges::minmax(values);
    const HistogramView view = view_of(histogram, min, max);
    ASSERT_EQ(view.edges.size(), view.counts.size() + 1);
    EXPECT_LE(view.counts.size(), 70u);
    for (size_t i = 0; i < view.counts.size(); ++i) {
      uint64_t expected = 0;
      for (const float value : values) {
        const double low = lower_edge(bin_of(value));
        expected += low >= view.edges[i] && low < view.edges[i + 1];
      }
      // The bins of zero and of the smallest positive values share their lower edge.
      EXPECT_EQ(view.counts[i], expected) << i;
    }
  }
}

TEST(ViewOf, IsEmptyForNothing) { EXPECT_TRUE(view_of({}, 0, 0).counts.empty()); }

}  // namespace
}  // namespace actogram
