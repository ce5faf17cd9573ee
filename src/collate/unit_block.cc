#include "collate/unit_block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "collate/sparse_counts.h"
#include "core/histogram.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

constexpr size_t kCacheLine = 64;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Powers {
  D8 p1 = {}, p2 = {}, p3 = {}, p4 = {};

  void add(const float* lanes) {
    const D8 v = widened(load<F8>(lanes));
    const D8 v2 = v * v;
    p1 += v;
    p2 += v2;
    p3 += v2 * v;
    p4 += v2 * v2;
  }
};

}  // namespace

// What one sequence gives each lane. A lane without a finite value has max_at < 0.
struct UnitBlock::Extremes {
  alignas(64) std::array<float, kLanes> max;
  alignas(64) std::array<float, kLanes> min;
  alignas(64) std::array<int32_t, kLanes> max_at;
  alignas(64) std::array<int32_t, kLanes> min_at;
  bool all_finite = true;
};

UnitBlock::UnitBlock(std::string_view site, uint32_t first, uint32_t n,
                     const CollateOptions& options)
    : options_(options),
      n_units_(n),
      value_counts_(kLanes * kNumBins),
      maxima_counts_(size_t{n} * kNumBins),
      maxima_(n, band_sizes(options)),
      bottom_(size_t{n} * options.bottom) {
  for (uint32_t lane = 0; lane < n; ++lane) keys_[lane] = unit_key(site, first + lane);
  for (uint32_t lane = 0; lane < n; ++lane) set_bottom_limit(lane);
  min_.fill(kInfinity);
  max_.fill(-kInfinity);
}

void UnitBlock::prefetch() const {
  for (size_t lane = 0; lane < n_units_; ++lane) {
    if (min_[lane] > max_[lane]) continue;
    const uint32_t* counts = value_counts_.data() + lane * kNumBins;
    for (size_t bin = bin_of(min_[lane]); bin <= bin_of(max_[lane]); bin += kCacheLine / 4) {
      __builtin_prefetch(counts + bin, 1, 2);
    }
    maxima_.prefetch(lane);
  }
}

void UnitBlock::observe(const BlockValues& values, std::span<const BatchSequence> sequences,
                        BlockScratch& scratch, WindowSink& sink) {
  for (size_t s = 0; s < sequences.size(); ++s) {
    const std::span rows(values.values + values.first_row[s], sequences[s].n_tokens);
    count_bins(rows, scratch.bins);
    Extremes peaks = sum_and_find_peaks(rows);
    if (!peaks.all_finite) peaks = sum_finite_and_find_peaks(rows);
    offer_peaks(peaks, sequences[s], rows, sink);
  }
}

UnitBlock::Extremes UnitBlock::sum_and_find_peaks(std::span<const LaneRow> rows) {
  Powers low, high;
  F16 max = rows[0].vector(), min = max;
  I16 max_at = {}, min_at = {}, broken = {};
  for (size_t t = 0; t < rows.size(); ++t) {
    low.add(rows[t].lanes.data());
    high.add(rows[t].lanes.data() + kHalf);
    const F16 v = rows[t].vector();
    const I16 at = I16{} + static_cast<int32_t>(t);
    const I16 higher = v > max, lower = v < min;
    max = higher ? v : max;
    min = lower ? v : min;
    max_at = higher ? at : max_at;
    min_at = lower ? at : min_at;
    broken |= not_finite(v);
  }
  Extremes peaks;
  std::memcpy(peaks.max.data(), &max, sizeof(max));
  std::memcpy(peaks.min.data(), &min, sizeof(min));
  std::memcpy(peaks.max_at.data(), &max_at, sizeof(max_at));
  std::memcpy(peaks.min_at.data(), &min_at, sizeof(min_at));
  for (size_t lane = 0; lane < n_units_; ++lane) peaks.all_finite &= broken[lane] == 0;
  if (!peaks.all_finite) return peaks;  // the caller starts again, with care
  for (size_t lane = 0; lane < n_units_; ++lane) {
    const Powers& half = lane < kHalf ? low : high;
    const size_t i = lane % kHalf;
    sums_[lane].add({half.p1[i], half.p2[i], half.p3[i], half.p4[i]});
  }
  return peaks;
}

// The same by the definition, one value at a time; NaN and infinity are counted and left out, of
// the histogram too, where count_bins() had put them in an outermost bin.
UnitBlock::Extremes UnitBlock::sum_finite_and_find_peaks(std::span<const LaneRow> rows) {
  Extremes peaks;
  peaks.all_finite = false;
  for (size_t lane = 0; lane < n_units_; ++lane) {
    std::array<double, 4> partial = {};
    float max = -kInfinity, min = kInfinity;
    int32_t max_at = -1, min_at = -1;
    for (size_t t = 0; t < rows.size(); ++t) {
      const float value = rows[t].lanes[lane];
      n_nan_[lane] += std::isnan(value);
      n_infinite_[lane] += std::isinf(value);
      if (!std::isfinite(value)) {
        --value_counts_[lane * kNumBins + bin_of(value)];
        continue;
      }
      const double v = value, v2 = v * v;
      partial = {partial[0] + v, partial[1] + v2, partial[2] + v2 * v, partial[3] + v2 * v2};
      if (value > max) max = value, max_at = static_cast<int32_t>(t);
      if (value < min) min = value, min_at = static_cast<int32_t>(t);
    }
    sums_[lane].add(partial);
    peaks.max[lane] = max;
    peaks.min[lane] = min;
    peaks.max_at[lane] = max_at;
    peaks.min_at[lane] = min_at;
  }
  return peaks;
}

void UnitBlock::count_bins(std::span<const LaneRow> rows, std::vector<uint16_t>& bins) {
  bins.resize(std::max(bins.size(), rows.size() * kLanes));
  const float* value = rows[0].lanes.data();
  for (size_t i = 0; i < rows.size() * kLanes; ++i)
    bins[i] = static_cast<uint16_t>(bin_of(value[i]));
  // Neighbouring increments belong to different units, so none waits for the one before it. Lanes
  // without a unit are counted too: a loop of known length is quicker.
  uint32_t* counts = value_counts_.data();
  for (size_t t = 0; t < rows.size(); ++t) {
    const uint16_t* bin = bins.data() + t * kLanes;
    for (size_t lane = 0; lane < kLanes; ++lane) ++counts[lane * kNumBins + bin[lane]];
  }
}

void UnitBlock::offer_peaks(const Extremes& peaks, const BatchSequence& sequence,
                            std::span<const LaneRow> rows, WindowSink& sink) {
  for (size_t lane = 0; lane < n_units_; ++lane) {
    if (peaks.max_at[lane] < 0) continue;
    const Place max_at{sequence.number, static_cast<uint32_t>(peaks.max_at[lane])};
    const Place min_at{sequence.number, static_cast<uint32_t>(peaks.min_at[lane])};
    const float max = peaks.max[lane], min = peaks.min[lane];
    if (max > max_[lane] || (max == max_[lane] && max_at < max_at_[lane])) {
      max_[lane] = max, max_at_[lane] = max_at;
    }
    if (min < min_[lane] || (min == min_[lane] && min_at < min_at_[lane])) {
      min_[lane] = min, min_at_[lane] = min_at;
    }
    ++maxima_counts_[lane * kNumBins + bin_of(max)];
    const uint32_t rank = sample_rank(keys_[lane], sequence.key);
    if (maxima_.observe(lane, max, rank, max_at)) {
      for (const uint64_t window : maxima_.dropped_windows()) sink.drop(window);
      maxima_.dropped_windows().clear();
      maxima_.set_window(lane, keep_window(lane, max_at.position, rows, sink));
    }
    if (min > bottom_limit_[lane]) continue;
    KeptPeak peak;
    peak.at = min_at, peak.value = min, peak.rank = rank;
    offer_minimum(lane, peak, rows, sink);
  }
}

namespace {

bool lower(const KeptPeak& a, const KeptPeak& b) {
  return a.value != b.value ? a.value < b.value : a.at < b.at;
}

}  // namespace

void UnitBlock::set_bottom_limit(size_t lane) {
  bottom_limit_[lane] = n_bottom_[lane] < options_.bottom ? kInfinity
                        : options_.bottom == 0            ? -kInfinity
                                               : bottom_[(lane + 1) * options_.bottom - 1].value;
}

void UnitBlock::offer_minimum(size_t lane, const KeptPeak& peak, std::span<const LaneRow> rows,
                              WindowSink& sink) {
  KeptPeak* first = bottom_.data() + lane * options_.bottom;
  KeptPeak* last = first + n_bottom_[lane];
  if (n_bottom_[lane] == options_.bottom) {
    if (!lower(peak, last[-1])) return;
    sink.drop((--last)->window_ref);
  } else {
    ++n_bottom_[lane];
  }
  KeptPeak* at = std::upper_bound(first, last, peak, lower);
  std::move_backward(at, last, last + 1);
  *at = peak;
  at->window_ref = keep_window(lane, peak.at.position, rows, sink);
  set_bottom_limit(lane);
}

uint64_t UnitBlock::keep_window(size_t lane, uint32_t position, std::span<const LaneRow> rows,
                                WindowSink& sink) const {
  const Window window =
      window_around(position, static_cast<uint32_t>(rows.size()), options_.window);
  const WindowSink::Room room = sink.keep(window.end - window.begin);
  const LaneRow* row = &rows[window.begin];
  for (float& value : room.values) value = (row++)->lanes[lane];
  return room.reference;
}

namespace {

template <typename Counts>
auto bins_of(Counts& counts, size_t lane) {
  return std::span(counts).subspan(lane * kNumBins, kNumBins);
}

}  // namespace

UnitRecord UnitBlock::record(size_t lane) const {
  UnitRecord record;
  record.values = sparse(bins_of(value_counts_, lane));
  record.maxima = sparse(bins_of(maxima_counts_, lane));
  record.sums = sums_[lane];
  Summary& summary = record.summary;
  for (size_t i = 0; i < record.values.bins.size(); ++i) {
    summary.count += record.values.counts[i];
    if (record.values.bins[i] > kZeroBin) summary.n_positive += record.values.counts[i];
  }
  summary.n_nan = n_nan_[lane];
  summary.n_infinite = n_infinite_[lane];
  summary.min = min_[lane], summary.min_at = min_at_[lane];
  summary.max = max_[lane], summary.max_at = max_at_[lane];
  set_moments(record.sums, summary);
  record.maximum_peaks = maxima_.sorted(lane);
  const KeptPeak* first = bottom_.data() + lane * options_.bottom;
  record.minimum_peaks.assign(first, first + n_bottom_[lane]);
  return record;
}

void UnitBlock::restore(size_t lane, const UnitRecord& record) {
  restore_counts(record.values, bins_of(value_counts_, lane));
  restore_counts(record.maxima, bins_of(maxima_counts_, lane));
  sums_[lane] = record.sums;
  n_nan_[lane] = record.summary.n_nan;
  n_infinite_[lane] = record.summary.n_infinite;
  min_[lane] = record.summary.min, min_at_[lane] = record.summary.min_at;
  max_[lane] = record.summary.max, max_at_[lane] = record.summary.max_at;
  for (const KeptPeak& peak : record.maximum_peaks) {
    maxima_.observe(lane, peak.value, peak.rank, peak.at);
    maxima_.set_window(lane, peak.window_ref);
  }
  std::ranges::copy(record.minimum_peaks, bottom_.data() + lane * options_.bottom);
  n_bottom_[lane] = static_cast<uint32_t>(record.minimum_peaks.size());
  set_bottom_limit(lane);
}

}  // namespace actogram
