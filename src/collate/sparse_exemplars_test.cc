// A sparse unit's summary and exemplars against the collators of dense units, which are given every
// value: zeros where there is no event, NaN where nothing is known.
#include "collate/sparse_exemplars.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <random>

#include "collate/merge.h"
#include "collate/site_collator.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

constexpr const char* kSite = "blocks.1.hook_resid_post/sae:test";

class Windows : public WindowSink {
 public:
  Room keep(size_t n) override {
    kept_.emplace_back(n);
    return {kept_.size() - 1, kept_.back()};
  }
  void drop(uint64_t /*reference*/) override {}
  const std::vector<float>& at(uint64_t reference) const { return kept_.at(reference); }

 private:
  std::deque<std::vector<float>> kept_;
};

enum class Known { all, only, all_but };

struct Data {
  std::vector<uint64_t> first_token{0};
  std::vector<float> dense;              // [token]; NaN where not known
  std::vector<uint32_t> tokens, listed;  // of the events; of KnownTokens
  std::vector<float> values;

  KnownTokens known(Known kind) const {
    if (kind == Known::all) return KnownTokens::all();
    return kind == Known::only ? KnownTokens::only(listed) : KnownTokens::all_but(listed);
  }
  SparseValues events() const { return {tokens, values}; }
};

Data random_data(std::mt19937& rng, Known kind) {
  Data data;
  const uint32_t n_sequences = rng() % 400;
  const uint32_t rarity = 1 + rng() % 30;
  const bool negative = rng() % 2 == 0, dense_too = rng() % 4 == 0;
  for (uint32_t s = 0; s < n_sequences; ++s) {
    const bool silent = rng() % rarity != 0;
    const bool unknown = kind != Known::all && rng() % 5 == 0;
    const uint32_t n = 1 + rng() % 20;
    for (uint32_t t = 0; t < n; ++t) {
      const auto token = static_cast<uint32_t>(data.dense.size());
      const bool is_known = kind == Known::all || (!unknown && rng() % 3 != 0);
      if (is_known == (kind == Known::only)) data.listed.push_back(token);
      float value = 0;
      if (is_known && !silent && (dense_too || rng() % 3 == 0)) {
        value = std::round(std::normal_distribution<float>(1)(rng) * 8) / 8;
        if (!negative) value = std::abs(value);
      }
      if (value != 0) {
        data.tokens.push_back(token);
        data.values.push_back(value);
      }
      data.dense.push_back(is_known ? value : NAN);
    }
    data.first_token.push_back(data.dense.size());
  }
  if (kind == Known::all) data.listed.clear();
  return data;
}

UnitRecord collated(const Data& data, std::span<const uint64_t> keys, const CollateOptions& options,
                    Windows& windows) {
  SiteCollator collator({kSite, 1, 1}, std::nullopt, options);
  ThreadPool threads(1);
  std::vector<BlockScratch> scratch(1);
  WindowSink* const sink = &windows;
  for (size_t s = 0; s < keys.size(); ++s) {
    const uint64_t begin = data.first_token[s], n = data.first_token[s + 1] - begin;
    const uint32_t first_row = 0;
    const BatchSequence sequence{static_cast<uint32_t>(s), static_cast<uint32_t>(n), keys[s]};
    collator.observe({.site = 0,
                      .values = data.dense.data() + begin,
                      .n_rows = n,
                      .row_stride = 1,
                      .first_row = {&first_row, 1}},
                     {&sequence, 1}, threads, scratch, {&sink, 1});
  }
  collator.settle(threads, {&sink, 1});
  UnitRecord unit = collator.record(0);
  assign_groups(unit, options);
  return unit;
}

void expect_same_summary(const UnitRecord& found, const UnitRecord& expected) {
  const Summary &a = found.summary, &b = expected.summary;
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(a.n_positive, b.n_positive);
  EXPECT_EQ(found.sums, expected.sums);
  EXPECT_EQ(found.values, expected.values);
  EXPECT_EQ(found.maxima, expected.maxima);
  if (b.count == 0) return;
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.variance, b.variance);
  EXPECT_EQ(a.min, b.min);
  EXPECT_EQ(a.max, b.max);
  EXPECT_EQ(a.min_at, b.min_at);
  EXPECT_EQ(a.max_at, b.max_at);
}

bool is_there(const std::vector<KeptPeak>& peaks, const KeptPeak& peak, uint16_t groups) {
  return std::ranges::any_of(peaks, [&](const KeptPeak& other) {
    return other.at == peak.at && other.value == peak.value && other.rank == peak.rank &&
           other.groups == groups;
  });
}

bool same(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(
      a, b, [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

class SparseUnits : public testing::TestWithParam<Known> {};

TEST_P(SparseUnits, AreWhatCollatingEveryValueGives) {
  std::mt19937 rng(7);
  for (int round = 0; round < 60; ++round) {
    const Data data = random_data(rng, GetParam());
    CollateOptions options;
    options.top = 1 + rng() % 8, options.bottom = rng() % 5, options.random = rng() % 9;
    options.per_bucket = rng() % 6, options.window = 1 + rng() % 24;
    std::vector<uint64_t> keys;
    for (size_t s = 0; s + 1 < data.first_token.size(); ++s) {
      keys.push_back(sequence_key("source", s, 0));
    }
    Windows windows;
    const UnitRecord expected = collated(data, keys, options, windows);
    const SparseCorpus corpus(data.first_token, data.known(GetParam()));
    const UnitRecord unit = summarise_events(data.events(), corpus);
    expect_same_summary(unit, expected);
    const SparseExemplars found =
        sparse_exemplars(data.events(), corpus, unit, unit_key(kSite, 0), keys, options);

    size_t n_expected = 0;
    for (const KeptPeak& peak : expected.maximum_peaks) {
      const auto groups = static_cast<uint16_t>(peak.value > 0 ? peak.groups : peak.groups & ~kTop);
      if (groups == 0) continue;
      ++n_expected;
      EXPECT_TRUE(is_there(found.maximum_peaks, peak, groups)) << peak.at.sequence;
    }
    EXPECT_EQ(found.maximum_peaks.size(), n_expected);
    EXPECT_TRUE(std::ranges::is_sorted(found.maximum_peaks, std::greater(), &KeptPeak::value));
    size_t n_lowest = 0;
    for (const KeptPeak& peak : expected.minimum_peaks) {
      if (peak.value >= 0) break;
      ASSERT_LT(n_lowest, found.minimum_peaks.size());
      EXPECT_EQ(found.minimum_peaks[n_lowest++].at, peak.at);
    }
    EXPECT_EQ(found.minimum_peaks.size(), n_lowest);
    for (const KeptPeak& peak : found.maximum_peaks) {
      const auto& kept = std::ranges::find(expected.maximum_peaks, peak.at, &KeptPeak::at);
      EXPECT_TRUE(same(peak.window, windows.at(kept->window_ref)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Known, SparseUnits,
                         testing::Values(Known::all, Known::only, Known::all_but));

}  // namespace
}  // namespace actogram
