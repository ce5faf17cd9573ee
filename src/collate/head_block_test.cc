// A head's block against the definitions of docs/format.md, pair by pair.
#include "collate/head_block.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>

#include "core/histogram.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

// Keeps windows in memory.
class MemorySink : public WindowSink {
 public:
  Room keep(size_t n) override {
    windows_.emplace(next_, std::vector<float>(n));
    return {next_, windows_[next_++]};
  }
  void drop(uint64_t reference) override { ASSERT_EQ(windows_.erase(reference), 1u); }

  const std::map<uint64_t, std::vector<float>>& windows() const { return windows_; }

 private:
  uint64_t next_ = 1;
  std::map<uint64_t, std::vector<float>> windows_;
};

struct Sequence {
  std::vector<float> pattern;  // [query, key], what must not be read is NaN
  size_t stride = 0;
  std::vector<float> norms;
  std::vector<int32_t> ids;
  BatchSequence facts;
  uint32_t first_key = 0;

  uint32_t n() const { return static_cast<uint32_t>(ids.size()); }
  float a(uint32_t q, uint32_t k) const { return pattern[q * stride + k]; }
  float value(uint32_t q, uint32_t k) const { return a(q, k) * norms[k]; }
  HeadTriangle triangle() const { return {pattern.data(), stride, norms.data(), n(), first_key}; }
};

Sequence random_sequence(std::mt19937& rng, uint32_t number, bool broken) {
  Sequence s;
  s.ids.resize(1 + rng() % 50);
  for (int32_t& id : s.ids) id = static_cast<int32_t>(rng() % 6);
  s.facts = {number, s.n(), rng() * uint64_t{0x100000001}, rng() % 2 == 0, {}};
  s.first_key = rng() % 4 == 0 ? 1 : 0;
  s.stride = s.n() + rng() % 5;
  s.pattern.assign(s.n() * s.stride, std::nanf(""));
  for (uint32_t q = 0; q < s.n(); ++q) {
    // Few values, so that there are ties.
    float all = 0;
    for (uint32_t k = 0; k <= q; ++k) {
      s.pattern[q * s.stride + k] = static_cast<float>(rng() % 4);
      all += s.a(q, k);
    }
    for (uint32_t k = 0; k <= q && all > 0; ++k) s.pattern[q * s.stride + k] /= all;
  }
  for (uint32_t k = 0; k < s.n(); ++k) s.norms.push_back(static_cast<float>(rng() % 5));
  if (broken) {
    s.norms[rng() % s.n()] = rng() % 2 ? std::nanf("") : INFINITY;
  }
  return s;
}

// What the block must say, from all sequences at once.
struct Slow {
  std::vector<double> finite = {};
  uint64_t n_broken = 0, n_queries = 0, n_repeats = 0;
  double entropy = 0, self = 0, previous = 0, first = 0, induction = 0;
  std::array<double, kNumDistanceBins> by_pattern = {}, by_value = {};
  struct Top {
    float value;
    uint32_t query, key;
  };
  std::map<uint32_t, Top> tops = {};  // [sequence]

  void add(const Sequence& s) {
    bool whole = true;
    for (uint32_t q = 0; q < s.n(); ++q) {
      for (uint32_t k = 0; k <= q; ++k) whole = whole && std::isfinite(s.value(q, k));
    }
    for (uint32_t q = 0; q < s.n(); ++q) {
      for (uint32_t k = s.first_key; k <= q; ++k) add_pair(s, q, k);
    }
    if (!whole) return;
    n_queries += s.n() - 1;
    for (uint32_t q = 0; q < s.n(); ++q) {
      for (uint32_t k = s.first_key; k <= q; ++k) {
        by_pattern[distance_bin(q - k)] += double{s.a(q, k)};
        by_value[distance_bin(q - k)] += double{s.value(q, k)};
      }
      if (q > 0) add_scores(s, q);
    }
  }

 private:
  void add_pair(const Sequence& s, uint32_t q, uint32_t k) {
    const float value = s.value(q, k);
    if (!std::isfinite(value)) {
      ++n_broken;
      return;
    }
    finite.push_back(value);
    const auto [top, is_new] = tops.try_emplace(s.facts.number, Top{value, q, k});
    if (!is_new && value > top->second.value) top->second = {value, q, k};
  }
  void add_scores(const Sequence& s, uint32_t q) {
    self += double{s.a(q, q)}, previous += double{s.a(q, q - 1)}, first += double{s.a(q, 0)};
    for (uint32_t k = 0; k <= q; ++k) {
      const double a = s.a(q, k);
      if (a > 0) entropy -= a * std::log(a);
      if (k == 0 || s.ids[k - 1] != s.ids[q]) continue;
      ++n_repeats;
      induction += a;
    }
  }
};

class Head {
 public:
  explicit Head(const CollateOptions& options) : block("blocks.3.attn.hook_pattern", 2, options) {}

  void observe(const Sequence& s) {
    find_repeats(s.ids, repeats_);
    block.observe(s.triangle(), s.facts, repeats_, scratch_, *sink);
  }

  std::shared_ptr<MemorySink> sink = std::make_shared<MemorySink>();
  HeadBlock block;

 private:
  HeadScratch scratch_;
  std::vector<RepeatedToken> repeats_;
};

void expect_same(const UnitRecord& found, const Slow& slow) {
  EXPECT_EQ(found.summary.count, slow.finite.size());
  EXPECT_EQ(found.summary.n_nan + found.summary.n_infinite, slow.n_broken);
  double sums[4] = {}, size[4] = {};
  std::map<uint16_t, uint64_t> bins, maxima;
  for (const double v : slow.finite) {
    for (int p = 0; p < 4; ++p)
      sums[p] += std::pow(v, p + 1), size[p] += std::abs(std::pow(v, p + 1));
    ++bins[static_cast<uint16_t>(bin_of(static_cast<float>(v)))];
  }
  for (size_t p = 0; p < 4; ++p) EXPECT_NEAR(found.sums.sum[p].value(), sums[p], 1e-12 * size[p]);
  for (const auto& [sequence, top] : slow.tops) ++maxima[static_cast<uint16_t>(bin_of(top.value))];
  const auto as_map = [](const SparseHistogram& h) {
    std::map<uint16_t, uint64_t> map;
    for (size_t i = 0; i < h.bins.size(); ++i) map[h.bins[i]] = h.counts[i];
    return map;
  };
  EXPECT_EQ(as_map(found.values), bins);
  EXPECT_EQ(as_map(found.maxima), maxima);
  const HeadScores& scores = found.head->scores;
  EXPECT_EQ(scores.n_queries, slow.n_queries);
  EXPECT_EQ(scores.n_repeats, slow.n_repeats);
  const auto near = [&](HeadSum sum, double expected, double tolerance) {
    EXPECT_NEAR(scores.sums[sum].value(), expected, tolerance * (1 + expected)) << sum;
  };
  near(kEntropy, slow.entropy, 1e-6);
  near(kSelf, slow.self, 1e-12);
  near(kPrevious, slow.previous, 1e-12);
  near(kFirst, slow.first, 1e-12);
  near(kInduction, slow.induction, 1e-12);
  for (size_t bin = 0; bin < kNumDistanceBins; ++bin) {
    near(static_cast<HeadSum>(kPatternByDistance + bin), slow.by_pattern[bin], 1e-12);
    near(static_cast<HeadSum>(kValueByDistance + bin), slow.by_value[bin], 1e-12);
  }
}

// The window of a peak, as it must be.
std::vector<float> window_of(const Sequence& s, const HeadPeak& peak) {
  std::vector<float> window;
  for (uint32_t q = peak.window_begin; q < peak.window_begin + peak.n; ++q) {
    for (uint32_t k = peak.window_begin; k <= q; ++k) window.push_back(s.a(q, k));
  }
  for (uint32_t k = peak.window_begin; k < peak.window_begin + peak.n; ++k) {
    window.push_back(s.norms[k]);
  }
  return window;
}

void expect_peaks(Head& head, const UnitRecord& found, const Slow& slow,
                  const std::vector<Sequence>& sequences, const CollateOptions& options) {
  std::vector<HeadPeak> all;
  for (const Sequence& s : sequences) {
    const auto top = slow.tops.find(s.facts.number);
    if (top == slow.tops.end()) continue;
    HeadPeak& peak = all.emplace_back();
    peak.at = {s.facts.number, top->second.query};
    peak.key = top->second.key, peak.value = top->second.value;
    peak.rank = sample_rank(unit_key("blocks.3.attn.hook_pattern", 2), s.facts.key);
  }
  choose_head_peaks(all, options, [](const HeadPeak&) {});
  const std::vector<HeadPeak>& peaks = found.head->peaks;
  ASSERT_EQ(peaks.size(), all.size());
  EXPECT_EQ(head.sink->windows().size(), peaks.size()) << "what is not shown is not kept";
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(peaks[i].at, all[i].at);
    EXPECT_EQ(peaks[i].key, all[i].key);
    EXPECT_EQ(peaks[i].value, all[i].value);
    EXPECT_EQ(peaks[i].rank, all[i].rank);
    EXPECT_EQ(peaks[i].groups, all[i].groups);
    const Sequence& s = sequences[peaks[i].at.sequence];
    EXPECT_EQ(peaks[i].n, std::min(options.window, s.n()));
    const auto& window = head.sink->windows().at(peaks[i].window_ref);
    const std::vector<float> expected = window_of(s, peaks[i]);
    ASSERT_EQ(window.size(), expected.size());
    for (size_t v = 0; v < window.size(); ++v) {
      EXPECT_TRUE(window[v] == expected[v] || std::isnan(expected[v]));
    }
  }
}

TEST(HeadBlock, SaysWhatTheDefinitionsSay) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    CollateOptions options;
    options.top = rng() % 5, options.bottom = rng() % 5, options.random = rng() % 5;
    options.window = 1 + rng() % 30;
    Head head(options);
    Slow slow;
    std::vector<Sequence> sequences;
    for (uint32_t s = 0; s < 30; ++s) {
      sequences.push_back(random_sequence(rng, s, seed % 2 == 1 && rng() % 4 == 0));
      head.observe(sequences.back());
      slow.add(sequences.back());
    }
    const UnitRecord found = head.block.record();
    expect_same(found, slow);
    expect_peaks(head, found, slow, sequences, options);
  }
}

TEST(HeadBlock, DoesNotMindTheOrderOrAStop) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    std::mt19937 rng(seed);
    CollateOptions options;
    options.top = options.bottom = options.random = 3;
    options.window = 9;
    std::vector<Sequence> sequences;
    for (uint32_t s = 0; s < 40; ++s) sequences.push_back(random_sequence(rng, s, rng() % 9 == 0));
    Head in_order(options), shuffled(options), second(options);
    for (const Sequence& s : sequences) in_order.observe(s);
    std::ranges::shuffle(sequences, rng);
    for (size_t i = 0; i < sequences.size(); ++i) {
      if (i == 17) {
        second.sink = shuffled.sink;
        second.block.restore(shuffled.block.record());
      }
      (i < 17 ? shuffled : second).observe(sequences[i]);
    }
    const UnitRecord a = in_order.block.record(), b = second.block.record();
    EXPECT_EQ(a.sums, b.sums);
    EXPECT_EQ(a.values, b.values);
    EXPECT_EQ(a.maxima, b.maxima);
    EXPECT_EQ(a.head->scores, b.head->scores);
    EXPECT_EQ(a.summary.max_at, b.summary.max_at);
    EXPECT_EQ(a.summary.min_at, b.summary.min_at);
    ASSERT_EQ(a.head->peaks.size(), b.head->peaks.size());
    for (size_t i = 0; i < a.head->peaks.size(); ++i) {
      EXPECT_EQ(a.head->peaks[i].at, b.head->peaks[i].at);
      EXPECT_EQ(a.head->peaks[i].groups, b.head->peaks[i].groups);
      EXPECT_EQ(a.head->peaks[i].window_begin, b.head->peaks[i].window_begin);
    }
  }
}

TEST(FindRepeats, GivesKeysAfterAnEarlierOccurrence) {
  std::vector<RepeatedToken> found;
  find_repeats(std::vector<int32_t>{7, 8, 7, 7}, found);
  const std::vector<RepeatedToken> expected = {{2, 1}, {3, 1}, {3, 3}};
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace actogram
