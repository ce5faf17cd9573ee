#include "core/head_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

namespace actogram {
namespace {

TEST(DistanceBin, DoublesFromOneToTheNext) {
  const std::map<uint32_t, size_t> expected = {
      {0, 0}, {1, 1},      {2, 2},      {3, 2},       {4, 3},          {7, 3},
      {8, 4}, {65535, 16}, {65536, 17}, {131071, 17}, {4000000000, 17}};
  for (const auto& [distance, bin] : expected) EXPECT_EQ(distance_bin(distance), bin) << distance;
}

TEST(HeadWindow, HoldsTheQueryAlwaysAndTheKeyWhereItCan) {
  std::mt19937 rng(2);
  for (int i = 0; i < 2000; ++i) {
    const uint32_t n = 1 + rng() % 50, width = 1 + rng() % 30;
    const uint32_t query = rng() % n, key = rng() % (query + 1);
    const uint32_t begin = head_window_begin(query, key, n, width);
    const uint32_t end = begin + std::min(width, n);
    ASSERT_LE(end, n);
    EXPECT_TRUE(begin <= query && query < end) << query << " " << key << " " << n << " " << width;
    EXPECT_EQ(begin <= key && key < end, query - key < width);
  }
  EXPECT_EQ(head_window_begin(20, 18, 50, 10), 15u) << "centred";
  EXPECT_EQ(head_window_begin(20, 12, 50, 10), 12u) << "from the key on";
  EXPECT_EQ(head_window_begin(20, 3, 50, 10), 15u) << "out of reach, so centred";
}

HeadPeak peak(uint32_t sequence, float value, uint32_t rank) {
  HeadPeak made;
  made.at = {sequence, 0}, made.value = value, made.rank = rank;
  return made;
}

// By the definition: how many come before it in each order.
uint16_t groups_of(const HeadPeak& p, std::span<const HeadPeak> all, const CollateOptions& o) {
  uint32_t higher = 0, lower = 0, drawn = 0;
  for (const HeadPeak& q : all) {
    const bool earlier = q.at < p.at;
    higher += q.value > p.value || (q.value == p.value && earlier);
    lower += q.value < p.value || (q.value == p.value && earlier);
    drawn += q.rank < p.rank || (q.rank == p.rank && earlier);
  }
  return static_cast<uint16_t>((higher < o.top ? kTop : 0) | (lower < o.bottom ? kBottom : 0) |
                               (drawn < o.random ? kRandom : 0));
}

TEST(HeadPeaks, AreChosenByTheSetAlone) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 rng(seed);
    CollateOptions options;
    options.top = rng() % 6, options.bottom = rng() % 6, options.random = rng() % 6;
    std::vector<HeadPeak> all;
    const uint32_t n = rng() % 60;
    for (uint32_t s = 0; s < n; ++s) {
      all.push_back(peak(s, static_cast<float>(rng() % 9), rng() % 20));  // ties of both
    }
    // One by one in any order, in parts, and at once.
    std::vector<HeadPeak> shuffled = all, streamed, parts;
    std::ranges::shuffle(shuffled, rng);
    size_t n_dropped = 0;
    const auto count = [&](const HeadPeak&) { ++n_dropped; };
    for (size_t i = 0; i < shuffled.size(); ++i) {
      streamed.push_back(shuffled[i]);
      choose_head_peaks(streamed, options, count);
    }
    EXPECT_EQ(n_dropped, all.size() - streamed.size());
    std::map<uint32_t, uint16_t> expected;
    for (const HeadPeak& p : all) {
      if (const uint16_t groups = groups_of(p, all, options)) expected[p.at.sequence] = groups;
    }
    std::map<uint32_t, uint16_t> found;
    for (const HeadPeak& p : streamed) found[p.at.sequence] = p.groups;
    EXPECT_EQ(found, expected) << "seed " << seed;
    EXPECT_TRUE(std::ranges::is_sorted(streamed, [](const HeadPeak& a, const HeadPeak& b) {
      return a.value != b.value ? a.value > b.value : a.at < b.at;
    }));
  }
}

TEST(HeadScores, HaveNoMeansWithoutQueries) {
  HeadScores scores;
  EXPECT_TRUE(std::isnan(scores.mean(kEntropy)));
  scores.n_queries = 4;
  scores.sums[kSelf].add(1);
  EXPECT_EQ(scores.mean(kSelf), 0.25);
  EXPECT_TRUE(std::isnan(scores.mean(kInduction)));
  HeadScores both = scores;
  both.merge(scores);
  EXPECT_EQ(both.mean(kSelf), 0.25);
  EXPECT_EQ(both.n_queries, 8u);
}

}  // namespace
}  // namespace actogram
