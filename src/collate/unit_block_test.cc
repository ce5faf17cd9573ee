// The collators against their definition: everything sorted and summed the slow way, over random
// values with ties, NaN and infinities, in random batches, on one thread and on several.
#include "collate/unit_block.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "collate/merge.h"
#include "collate/site_collator.h"
#include "core/histogram.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

constexpr const char* kSite = "blocks.1.mlp.hook_post";

// Windows in memory.
class Windows : public WindowSink {
 public:
  Room keep(size_t n) override {
    const std::lock_guard lock(mutex_);
    kept_.emplace_back(n);
    return {kept_.size() - 1, kept_.back()};
  }
  void drop(uint64_t reference) override {
    const std::lock_guard lock(mutex_);
    if (!dropped_.insert(reference).second) ADD_FAILURE() << reference << " was dropped twice";
  }
  const std::vector<float>& at(uint64_t reference) const {
    EXPECT_FALSE(dropped_.contains(reference));
    return kept_.at(reference);
  }
  size_t n_alive() const { return kept_.size() - dropped_.size(); }

 private:
  std::mutex mutex_;
  std::deque<std::vector<float>> kept_;
  std::set<uint64_t> dropped_;
};

struct Data {
  uint32_t n_units = 0;
  std::vector<std::vector<float>> sequences;  // [sequence][token * n_units + unit]
  uint32_t n_tokens(size_t s) const { return static_cast<uint32_t>(sequences[s].size() / n_units); }
  float value(size_t s, uint32_t t, uint32_t unit) const {
    return sequences[s][t * n_units + unit];
  }
};

Data random_data(std::mt19937& rng) {
  Data data;
  data.n_units = 1 + rng() % 40;
  data.sequences.resize(rng() % 60);
  const bool broken = rng() % 2 == 0;
  for (auto& sequence : data.sequences) {
    sequence.resize((1 + rng() % 30) * data.n_units);
    for (float& value : sequence) {
      value = std::normal_distribution<float>()(rng);
      if (rng() % 4 == 0) value = std::round(value);  // ties, and zeros of both signs
      if (broken && rng() % 50 == 0) value = NAN;
      if (broken && rng() % 50 == 0) value = rng() % 2 ? INFINITY : -INFINITY;
    }
  }
  return data;
}

uint64_t key_of(size_t s) { return sequence_key("source", s, 0); }

// Feeds sequences [begin, end) in batches of random size, with gaps between rows and sequences, and
// settles every now and then.
void feed(SiteCollator& collator, const Data& data, size_t begin, size_t end, std::mt19937& rng,
          WindowSink& sink) {
  ThreadPool threads(1 + rng() % 3);
  std::vector<BlockScratch> scratch(threads.n_threads());
  const std::vector<WindowSink*> sinks(threads.n_threads(), &sink);
  while (begin < end) {
    const size_t stop = std::min(end, begin + 1 + rng() % 5);
    const size_t stride = data.n_units + rng() % 3;
    std::vector<float> rows;
    std::vector<uint32_t> first_row;
    std::vector<BatchSequence> sequences;
    for (size_t s = begin; s < stop; ++s) {
      rows.resize(rows.size() + stride * (rng() % 3), NAN);  // filler rows
      first_row.push_back(static_cast<uint32_t>(rows.size() / stride));
      sequences.push_back({static_cast<uint32_t>(s), data.n_tokens(s), key_of(s)});
      for (uint32_t t = 0; t < data.n_tokens(s); ++t) {
        for (uint32_t u = 0; u < data.n_units; ++u) rows.push_back(data.value(s, t, u));
        rows.resize(rows.size() + stride - data.n_units, NAN);
      }
    }
    collator.observe({.site = 0,
                      .values = rows.data(),
                      .n_rows = rows.size() / stride,
                      .row_stride = stride,
                      .first_row = first_row},
                     sequences, threads, scratch, sinks);
    begin = stop;
    if (rng() % 8 == 0) collator.settle(threads, sinks);
  }
  collator.settle(threads, sinks);
}

struct SequencePeak {
  Place at;
  float value;
  uint32_t rank;
};

struct Expected {
  uint64_t n_nan = 0, n_infinite = 0, count = 0, n_positive = 0;
  std::map<uint16_t, uint64_t> values, maxima;
  PowerSums sums;
  std::vector<SequencePeak> highest, lowest;  // all sequences, best first
};

Expected by_definition(const Data& data, uint32_t unit) {
  Expected e;
  for (size_t s = 0; s < data.sequences.size(); ++s) {
    std::array<double, 4> partial = {};
    SequencePeak highest{{}, -INFINITY, 0}, lowest{{}, INFINITY, 0};
    bool any = false;
    for (uint32_t t = 0; t < data.n_tokens(s); ++t) {
      const float value = data.value(s, t, unit);
      e.n_nan += std::isnan(value), e.n_infinite += std::isinf(value);
      if (!std::isfinite(value)) continue;
      any = true;
      ++e.count, e.n_positive += value > 0;
      ++e.values[static_cast<uint16_t>(bin_of(value))];
      const double v = value, v2 = v * v;
      partial[0] += v, partial[1] += v2, partial[2] += v2 * v, partial[3] += v2 * v2;
      const Place at{static_cast<uint32_t>(s), t};
      const uint32_t rank = sample_rank(unit_key(kSite, unit), key_of(s));
      if (value > highest.value) highest = {at, value, rank};
      if (value < lowest.value) lowest = {at, value, rank};
    }
    e.sums.add(partial);
    if (!any) continue;
    ++e.maxima[static_cast<uint16_t>(bin_of(highest.value))];
    e.highest.push_back(highest);
    e.lowest.push_back(lowest);
  }
  std::ranges::stable_sort(e.highest, std::greater(), &SequencePeak::value);
  std::ranges::stable_sort(e.lowest, std::less(), &SequencePeak::value);
  return e;
}

std::map<uint16_t, uint64_t> as_map(const SparseHistogram& histogram) {
  std::map<uint16_t, uint64_t> map;
  for (size_t i = 0; i < histogram.bins.size(); ++i) map[histogram.bins[i]] = histogram.counts[i];
  return map;
}

std::vector<Place> places(const auto& peaks, size_t n) {
  std::vector<Place> list;
  for (size_t i = 0; i < std::min(n, peaks.size()); ++i) list.push_back(peaks[i].at);
  return list;
}

std::vector<Place> in_group(const UnitRecord& unit, Group group) {
  std::vector<Place> list;
  for (const auto* peaks : {&unit.maximum_peaks, &unit.minimum_peaks}) {
    for (const KeptPeak& peak : *peaks) {
      if (peak.groups & group) list.push_back(peak.at);
    }
  }
  std::ranges::sort(list);
  return list;
}

std::vector<Place> sorted(std::vector<Place> list) {
  std::ranges::sort(list);
  return list;
}

void expect_equal(UnitRecord got, const Expected& e, const Data& data, uint32_t unit,
                  const CollateOptions& options, const Windows& windows) {
  EXPECT_EQ(got.summary.count, e.count);
  EXPECT_EQ(got.summary.n_nan, e.n_nan);
  EXPECT_EQ(got.summary.n_infinite, e.n_infinite);
  EXPECT_EQ(got.summary.n_positive, e.n_positive);
  EXPECT_EQ(got.sums, e.sums);
  EXPECT_EQ(as_map(got.values), e.values);
  EXPECT_EQ(as_map(got.maxima), e.maxima);
  if (!e.highest.empty()) {
    EXPECT_EQ(got.summary.max, e.highest[0].value);
    EXPECT_EQ(got.summary.max_at, e.highest[0].at);
    EXPECT_EQ(got.summary.min, e.lowest[0].value);
    EXPECT_EQ(got.summary.min_at, e.lowest[0].at);
  }
  assign_groups(got, options);
  EXPECT_EQ(in_group(got, kTop), sorted(places(e.highest, options.top)));
  EXPECT_EQ(places(got.minimum_peaks, 1000), places(e.lowest, options.bottom));
  auto drawn = e.highest;
  std::ranges::sort(drawn, [](const SequencePeak& a, const SequencePeak& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
  });
  EXPECT_EQ(in_group(got, kRandom), sorted(places(drawn, options.random)));
  for (const auto* peaks : {&got.maximum_peaks, &got.minimum_peaks}) {
    for (const KeptPeak& peak : *peaks) {
      const uint32_t n_tokens = data.n_tokens(peak.at.sequence);
      const Window window = window_around(peak.at.position, n_tokens, options.window);
      const auto& kept = windows.at(peak.window_ref);
      ASSERT_EQ(kept.size(), window.end - window.begin);
      for (uint32_t t = window.begin; t < window.end; ++t) {
        const float value = data.value(peak.at.sequence, t, unit);
        EXPECT_EQ(std::bit_cast<uint32_t>(kept[t - window.begin]), std::bit_cast<uint32_t>(value));
      }
    }
  }
}

TEST(SiteCollator, EqualsTheDefinitionForEveryBatchingAndThread) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const Data data = random_data(rng);
    const auto below = [&](uint32_t n) { return static_cast<uint32_t>(rng()) % n; };
    const CollateOptions options{.top = below(5),
                                 .bottom = below(5),
                                 .random = below(5),
                                 .per_bucket = below(5),
                                 .window = 1 + below(20)};
    SiteCollator collator({kSite, 1, data.n_units}, std::nullopt, options);
    Windows windows;
    feed(collator, data, 0, data.sequences.size(), rng, windows);
    size_t n_kept = 0;
    for (uint32_t unit = 0; unit < data.n_units; ++unit) {
      SCOPED_TRACE(unit);
      const UnitRecord record = collator.record(unit);
      expect_equal(record, by_definition(data, unit), data, unit, options, windows);
      n_kept += record.maximum_peaks.size() + record.minimum_peaks.size();
    }
    EXPECT_EQ(windows.n_alive(), n_kept);
  }
}

bool same(const std::vector<KeptPeak>& a, const std::vector<KeptPeak>& b) {
  return std::ranges::equal(a, b, [](const KeptPeak& x, const KeptPeak& y) {
    return x.at == y.at && x.value == y.value && x.rank == y.rank && x.groups == y.groups;
  });
}

TEST(MergeUnits, GivesTheBitsOfOneRun) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const Data data = random_data(rng);
    const CollateOptions options{.top = 3, .bottom = 3, .random = 3, .per_bucket = 3, .window = 8};
    const size_t n = data.sequences.size();
    const size_t cut = n == 0 ? 0 : rng() % n;
    const Site site{kSite, 1, data.n_units};
    SiteCollator whole(site, {}, options), first(site, {}, options), second(site, {}, options);
    Windows windows;
    feed(whole, data, 0, n, rng, windows);
    feed(first, data, 0, cut, rng, windows);
    feed(second, data, cut, n, rng, windows);
    for (uint32_t unit = 0; unit < data.n_units; ++unit) {
      UnitRecord expected = whole.record(unit);
      const UnitRecord parts[] = {second.record(unit), first.record(unit)};
      UnitRecord merged = merge_units(parts, options);
      assign_groups(expected, options);
      assign_groups(merged, options);
      EXPECT_EQ(merged.sums, expected.sums);
      EXPECT_EQ(merged.values, expected.values);
      EXPECT_EQ(merged.maxima, expected.maxima);
      EXPECT_EQ(merged.summary.count, expected.summary.count);
      EXPECT_EQ(merged.summary.max_at, expected.summary.max_at);
      EXPECT_EQ(merged.summary.min_at, expected.summary.min_at);
      EXPECT_TRUE(same(merged.maximum_peaks, expected.maximum_peaks));
      EXPECT_TRUE(same(merged.minimum_peaks, expected.minimum_peaks));
    }
  }
}

TEST(SiteCollator, GoesOnAfterARestoreAsIfNothingHadHappened) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const Data data = random_data(rng);
    const CollateOptions options{.top = 3, .bottom = 3, .random = 3, .per_bucket = 3, .window = 8};
    const size_t n = data.sequences.size();
    const Site site{kSite, 1, data.n_units};
    SiteCollator whole(site, {}, options), before(site, {}, options), after(site, {}, options);
    Windows windows;
    feed(whole, data, 0, n, rng, windows);
    feed(before, data, 0, n / 2, rng, windows);
    for (uint32_t unit = 0; unit < data.n_units; ++unit) after.restore(unit, before.record(unit));
    feed(after, data, n / 2, n, rng, windows);
    for (uint32_t unit = 0; unit < data.n_units; ++unit) {
      expect_equal(after.record(unit), by_definition(data, unit), data, unit, options, windows);
      EXPECT_TRUE(same(after.record(unit).maximum_peaks, whole.record(unit).maximum_peaks));
    }
  }
}

}  // namespace
}  // namespace actogram
