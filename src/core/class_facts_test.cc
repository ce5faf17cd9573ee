#include "core/class_facts.h"

#include <gtest/gtest.h>

#include <random>

namespace actogram {
namespace {

// The definition: try them all.
CountRange counts_by_trying(float frequency, uint64_t n_tokens) {
  CountRange range;
  for (uint64_t count = 0; count <= n_tokens; ++count) {
    if (static_cast<float>(count) / static_cast<float>(n_tokens) != frequency) continue;
    if (range.empty()) range.least = count;
    range.most = count;
  }
  return range;
}

TEST(ClassFacts, CountsAreThoseThatGiveTheFrequency) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const uint64_t n_tokens = 1 + rng() % 2000;
    const uint64_t count = rng() % (n_tokens + 1);
    const float frequency = frequency_of(count, n_tokens);
    EXPECT_EQ(counts_of(frequency, n_tokens), (CountRange{count, count}));
    for (const float other : {frequency * 1.0001f, frequency - 1e-5f, 1.5f}) {
      EXPECT_EQ(counts_of(other, n_tokens), counts_by_trying(other, n_tokens));
    }
  }
}

// The published data set's total. There the float32 has room for half the counts only.
TEST(ClassFacts, LargeCountsShareAFrequency) {
  constexpr uint64_t kTokens = 20'000'390;
  EXPECT_EQ(counts_of(frequency_of(45'734, kTokens), kTokens), (CountRange{45'734, 45'734}));
  for (const uint64_t count : {uint64_t{16'777'217}, uint64_t{19'999'999}}) {
    const CountRange range = counts_of(frequency_of(count, kTokens), kTokens);
    EXPECT_LE(range.least, count);
    EXPECT_GE(range.most, count);
    EXPECT_GT(range.most, range.least);
    for (uint64_t c = range.least - 2; c <= range.most + 2; ++c) {
      const bool inside = c >= range.least && c <= range.most;
      EXPECT_EQ(frequency_of(c, kTokens) == frequency_of(count, kTokens), inside) << c;
    }
  }
  EXPECT_EQ(counts_of(0, kTokens), (CountRange{0, 0}));
}

TEST(ClassFacts, OfARecordKnowEverything) {
  ClassRecord record;
  record.count = 3;
  record.peaks[kPre] = {{{7, 9}, -2.5f}};
  const ClassFacts facts = facts_of(std::span(&record, 1), 8).front();
  EXPECT_EQ(facts.count, 3u);
  EXPECT_EQ(facts.frequency, 0.375f);
  EXPECT_EQ(facts.share, 0.375);
  EXPECT_EQ(facts.peaks[kPre], (std::vector<ClassFacts::Peak>{{7, 9, -2.5f}}));
  EXPECT_TRUE(facts.peaks[kPost].empty());
}

}  // namespace
}  // namespace actogram
