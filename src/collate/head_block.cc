#include "collate/head_block.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "collate/logarithm.h"
#include "collate/sparse_counts.h"
#include "core/histogram.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Sixteen sums of float64, one for each lane, which are added from the first to the last.
struct LaneSum {
  std::array<D8, 2> halves = {};

  void add(const std::array<D8, 2>& values) {
    for (size_t half = 0; half < 2; ++half) halves[half] += values[half];
  }
  double sum() const {
    double all = 0;
    for (const D8& half : halves) {
      for (size_t i = 0; i < kHalf; ++i) all += get_lane(half, i);
    }
    return all;
  }
};

std::array<D8, 2> doubles_of(const F16& lanes) {
  return {widened(half(lanes, 0)), widened(half(lanes, 1))};
}

// Up to sixteen of a query's numbers from key `begin` on; 0 where `end` comes before.
F16 load_keys(const float* keys, uint32_t begin, uint32_t end) {
  if (end - begin >= kLanes) return load<F16>(keys + begin);
  F16 lanes = {};
  std::memcpy(&lanes, keys + begin, (end - begin) * sizeof(float));
  return lanes;
}

bool all_finite(const HeadTriangle& triangle) {
  I16 broken = {};
  for (uint32_t q = 0; q < triangle.n; ++q) {
    for (uint32_t k = 0; k <= q; k += kLanes) {
      broken |=
          not_finite(load_keys(triangle.query(q), k, q + 1) * load_keys(triangle.norms, k, q + 1));
    }
  }
  return bits_of(broken) == 0;
}

}  // namespace

void find_repeats(std::span<const int32_t> tokens, std::vector<RepeatedToken>& into) {
  into.clear();
  for (uint32_t query = 1; query < tokens.size(); ++query) {
    for (uint32_t key = 1; key <= query; ++key) {
      if (tokens[key - 1] == tokens[query]) into.push_back({query, key});
    }
  }
}

// A sequence's highest and lowest values, each at its first query; none where that is kNone.
struct HeadBlock::Extremes {
  static constexpr uint32_t kNone = UINT32_MAX;
  float max = -kInfinity, min = kInfinity;
  uint32_t max_query = kNone, min_query = kNone;

  void add(uint32_t query, float high, float low) {
    if (high > max) max = high, max_query = query;
    if (low < min) min = low, min_query = query;
  }
};

struct HeadBlock::Sums {
  std::array<LaneSum, 4> powers;
  LaneSum entropy;

  void add_powers(const std::array<D8, 2>& v) {
    const std::array<D8, 2> v2 = {v[0] * v[0], v[1] * v[1]};
    powers[0].add(v);
    powers[1].add(v2);
    powers[2].add({v2[0] * v[0], v2[1] * v[1]});
    powers[3].add({v2[0] * v2[0], v2[1] * v2[1]});
  }
  std::array<double, 4> power_sums() const {
    return {powers[0].sum(), powers[1].sum(), powers[2].sum(), powers[3].sum()};
  }
};

HeadBlock::HeadBlock(std::string_view site, uint32_t unit, const CollateOptions& options)
    : options_(options),
      key_(unit_key(site, unit)),
      min_(kInfinity),
      max_(-kInfinity),
      value_counts_(kNumBins),
      maxima_counts_(kNumBins) {
  set_limits();
}

void HeadBlock::observe(const HeadTriangle& triangle, const BatchSequence& sequence,
                        std::span<const RepeatedToken> repeats, HeadScratch& scratch,
                        WindowSink& sink) {
  Extremes extremes;
  Sums sums;
  if (all_finite(triangle)) {
    take(triangle, scratch, sums, extremes);
    add_scores(triangle, repeats, sums.entropy.sum(), scratch);
  } else {
    take_finite(triangle, sums, extremes);
  }
  sums_.add(sums.power_sums());
  if (extremes.max_query != Extremes::kNone) offer(triangle, extremes, sequence, sink);
}

void HeadBlock::take(const HeadTriangle& triangle, HeadScratch& scratch, Sums& sums,
                     Extremes& extremes) {
  const size_t n = (triangle.n + kLanes - 1) / kLanes * kLanes;
  scratch.values.resize(std::max(scratch.values.size(), n));
  scratch.bins.resize(scratch.values.size());
  scratch.pattern_from_end.assign(triangle.n, 0);
  scratch.value_from_end.assign(triangle.n, 0);
  for (uint32_t q = 0; q < triangle.n; ++q) take_query(triangle, q, scratch, sums, extremes);
}

void HeadBlock::take_query(const HeadTriangle& triangle, uint32_t q, HeadScratch& scratch,
                           Sums& sums, Extremes& extremes) {
  const float* keys = triangle.query(q);
  const auto first = static_cast<int32_t>(triangle.first_key);
  float* values = scratch.values.data();
  F16 high = all_lanes<F16>(-kInfinity), low = all_lanes<F16>(kInfinity);
  for (uint32_t k = 0; k <= q; k += kLanes) {
    const F16 a = load_keys(keys, k, q + 1);
    const I16 key = lane_numbers() + static_cast<int32_t>(k);
    const I16 counts = (key >= first) & (key <= static_cast<int32_t>(q));
    const F16 v = choose(counts, a * load_keys(triangle.norms, k, q + 1), F16{});
    store(v, values + k);
    high = choose(counts & (v > high), v, high);
    low = choose(counts & (v < low), v, low);
    sums.add_powers(doubles_of(v));
    if (q > 0) sums.entropy.add(doubles_of(choose(a > 0.0F, -(a * log_of(a)), F16{})));
  }
  float highest = -kInfinity, lowest = kInfinity;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    highest = std::max(highest, get_lane(high, lane));
    lowest = std::min(lowest, get_lane(low, lane));
  }
  extremes.add(q, highest, lowest);
  uint16_t* bins = scratch.bins.data();
  for (uint32_t k = 0; k <= q; ++k) bins[k] = static_cast<uint16_t>(bin_of(values[k]));
  double* pattern_sums = scratch.pattern_from_end.data() + (triangle.n - 1 - q);
  double* value_sums = scratch.value_from_end.data() + (triangle.n - 1 - q);
  for (uint32_t k = triangle.first_key; k <= q; ++k) {
    ++value_counts_[bins[k]];
    pattern_sums[k] += double{keys[k]};
    value_sums[k] += double{values[k]};
  }
}

// The same by the definition, one value at a time; NaN and infinity are counted and left out. How
// the pattern lies is not asked of such a sequence.
void HeadBlock::take_finite(const HeadTriangle& triangle, Sums& sums, Extremes& extremes) {
  for (uint32_t q = 0; q < triangle.n; ++q) {
    for (uint32_t k = triangle.first_key; k <= q; ++k) {
      const float value = triangle.value(q, k);
      n_nan_ += std::isnan(value);
      n_infinite_ += std::isinf(value);
      if (!std::isfinite(value)) continue;
      ++value_counts_[bin_of(value)];
      extremes.add(q, value, value);
      F16 lanes = {};
      set_lane(lanes, k % kLanes, value);
      sums.add_powers(doubles_of(lanes));
    }
  }
}

void HeadBlock::add_scores(const HeadTriangle& triangle, std::span<const RepeatedToken> repeats,
                           double entropy, const HeadScratch& scratch) {
  double self = 0, previous = 0, first = 0, induction = 0;
  for (uint32_t q = 1; q < triangle.n; ++q) {
    const float* keys = triangle.query(q);
    self += double{keys[q]}, previous += double{keys[q - 1]}, first += double{keys[0]};
  }
  for (const RepeatedToken& repeat : repeats) {
    induction += double{triangle.query(repeat.query)[repeat.key]};
  }
  HeadScores& scores = head_.scores;
  scores.n_queries += triangle.n - 1;
  scores.n_repeats += repeats.size();
  scores.sums[kEntropy].add(entropy);
  scores.sums[kSelf].add(self);
  scores.sums[kPrevious].add(previous);
  scores.sums[kFirst].add(first);
  scores.sums[kInduction].add(induction);
  std::array<double, kNumDistanceBins> pattern = {}, value = {};
  for (uint32_t distance = 0; distance < triangle.n; ++distance) {
    pattern[distance_bin(distance)] += scratch.pattern_from_end[triangle.n - 1 - distance];
    value[distance_bin(distance)] += scratch.value_from_end[triangle.n - 1 - distance];
  }
  for (size_t bin = 0; bin < kNumDistanceBins; ++bin) {
    scores.sums[kPatternByDistance + bin].add(pattern[bin]);
    scores.sums[kValueByDistance + bin].add(value[bin]);
  }
}

void HeadBlock::offer(const HeadTriangle& triangle, const Extremes& extremes,
                      const BatchSequence& sequence, WindowSink& sink) {
  const Place max_at{sequence.number, extremes.max_query};
  const Place min_at{sequence.number, extremes.min_query};
  if (extremes.max > max_ || (extremes.max == max_ && max_at < max_at_)) {
    max_ = extremes.max, max_at_ = max_at;
  }
  if (extremes.min < min_ || (extremes.min == min_ && min_at < min_at_)) {
    min_ = extremes.min, min_at_ = min_at;
  }
  ++maxima_counts_[bin_of(extremes.max)];
  HeadPeak peak = peak_of(triangle, extremes, sequence);
  if (peak.value < top_limit_ && peak.value > bottom_limit_ && peak.rank > random_limit_) return;
  const WindowSink::Room room = sink.keep(triangle_size(peak.n) + peak.n);
  peak.window_ref = room.reference;
  float* to = room.values.data();
  for (uint32_t q = 0; q < peak.n; ++q) {
    to = std::copy_n(triangle.query(peak.window_begin + q) + peak.window_begin, q + 1, to);
  }
  std::copy_n(triangle.norms + peak.window_begin, peak.n, to);
  head_.peaks.push_back(peak);
  choose_head_peaks(head_.peaks, options_,
                    [&](const HeadPeak& gone) { sink.drop(gone.window_ref); });
  set_limits();
}

HeadPeak HeadBlock::peak_of(const HeadTriangle& triangle, const Extremes& extremes,
                            const BatchSequence& sequence) const {
  HeadPeak peak;
  peak.at = {sequence.number, extremes.max_query};
  peak.value = extremes.max;
  peak.rank = sample_rank(key_, sequence.key);
  peak.key = triangle.first_key;
  while (triangle.value(peak.at.position, peak.key) != peak.value) ++peak.key;
  peak.window_begin = head_window_begin(peak.at.position, peak.key, triangle.n, options_.window);
  peak.n = std::min(triangle.n, options_.window);
  return peak;
}

void HeadBlock::set_limits() {
  top_limit_ = kInfinity, bottom_limit_ = -kInfinity, random_limit_ = -1;
  uint32_t n_top = 0, n_bottom = 0, n_random = 0;
  for (const HeadPeak& peak : head_.peaks) {
    if (peak.groups & kTop) ++n_top, top_limit_ = std::min(top_limit_, peak.value);
    if (peak.groups & kBottom) ++n_bottom, bottom_limit_ = std::max(bottom_limit_, peak.value);
    if (peak.groups & kRandom)
      ++n_random, random_limit_ = std::max<int64_t>(random_limit_, peak.rank);
  }
  if (n_top < options_.top) top_limit_ = -kInfinity;
  if (n_bottom < options_.bottom) bottom_limit_ = kInfinity;
  if (n_random < options_.random) random_limit_ = UINT32_MAX;
}

UnitRecord HeadBlock::record() const {
  UnitRecord record;
  sparse(std::span(value_counts_), record.values);
  sparse(std::span(maxima_counts_), record.maxima);
  record.sums = sums_;
  Summary& summary = record.summary;
  for (size_t i = 0; i < record.values.bins.size(); ++i) {
    summary.count += record.values.counts[i];
    if (record.values.bins[i] > kZeroBin) summary.n_positive += record.values.counts[i];
  }
  summary.n_nan = n_nan_;
  summary.n_infinite = n_infinite_;
  summary.min = min_, summary.min_at = min_at_;
  summary.max = max_, summary.max_at = max_at_;
  set_moments(record.sums, summary);
  record.head = head_;
  return record;
}

void HeadBlock::restore(const UnitRecord& record) {
  restore_counts(record.values, std::span(value_counts_));
  restore_counts(record.maxima, std::span(maxima_counts_));
  sums_ = record.sums;
  n_nan_ = record.summary.n_nan;
  n_infinite_ = record.summary.n_infinite;
  min_ = record.summary.min, min_at_ = record.summary.min_at;
  max_ = record.summary.max, max_at_ = record.summary.max_at;
  head_ = record.head.value_or(HeadRecord{});
  choose_head_peaks(head_.peaks, options_, [](const HeadPeak&) {});
  set_limits();
}

}  // namespace actogram
