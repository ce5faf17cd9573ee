#include "collate/unit_block.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/prefetch.h"
#include "collate/sparse_counts.h"
#include "core/histogram.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <typename Counts>
auto bins_of(Counts& counts, size_t lane) {
  return std::span(counts).subspan(lane * kNumBins, kNumBins);
}

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

size_t expected_windows(const CollateOptions& options, uint64_t n_sequences) {
  const size_t of_maxima = expected_peaks(band_sizes(options), n_sequences);
  const size_t of_minima = std::min<uint64_t>(options.bottom, n_sequences);
  return std::min<uint64_t>(2 * n_sequences, of_maxima + of_minima + PeakBand::kRipe);
}

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
    const size_t first = bin_of(min_[lane]), last = bin_of(max_[lane]);
    prefetch_to_write(bins_of(value_counts_, lane).subspan(first, last + 1 - first));
  }
}

// What offer_peaks() will use, most of it.
void UnitBlock::prefetch_lane(size_t lane, std::span<const LanePeaks> peaks) const {
  maxima_.prefetch(lane);
  const auto is_kept = [&](const LanePeaks& of) { return of.min[lane] <= bottom_limit_[lane]; };
  if (std::ranges::any_of(peaks, is_kept)) {
    prefetch_to_write(std::span(bottom_).subspan(lane * options_.bottom, n_bottom_[lane]));
  }
  if (min_[lane] > max_[lane]) return;
  const size_t end = std::max<size_t>(bin_of(max_[lane]) + 1, kZeroBin);
  prefetch_to_write(bins_of(maxima_counts_, lane).subspan(kZeroBin, end - kZeroBin));
}

void UnitBlock::settle(size_t lane, WindowSink& sink) {
  maxima_.settle(lane);
  for (const uint64_t window : maxima_.dropped_windows()) sink.drop(window);
  maxima_.dropped_windows().clear();
}

void UnitBlock::settle(WindowSink& sink) {
  for (size_t lane = 0; lane < n_units_; ++lane) settle(lane, sink);
}

void UnitBlock::observe(const BlockValues& values, std::span<const BatchSequence> sequences,
                        BlockScratch& scratch, WindowSink& sink) {
  const auto rows_of = [&](size_t s) {
    return std::span(values.values + values.first_row[s], sequences[s].n_tokens);
  };
  scratch.peaks.resize(sequences.size());
  for (size_t s = 0; s < sequences.size(); ++s) {
    count_bins(rows_of(s), scratch.bins);
    LanePeaks& peaks = scratch.peaks[s] = sum_and_find_peaks(rows_of(s));
    if (!peaks.all_finite) peaks = sum_finite_and_find_peaks(rows_of(s));
  }
  prefetch_lane(0, scratch.peaks);
  for (size_t lane = 0; lane < n_units_; ++lane) {
    if (lane + 1 < n_units_) prefetch_lane(lane + 1, scratch.peaks);
    if (maxima_.is_ripe(lane)) settle(lane, sink);
    for (size_t s = 0; s < sequences.size(); ++s) {
      offer_peaks(lane, scratch.peaks[s], sequences[s], rows_of(s), sink);
    }
  }
}

LanePeaks UnitBlock::sum_and_find_peaks(std::span<const LaneRow> rows) {
  Powers low, high;
  F16 max = rows[0].vector(), min = max;
  I16 max_at = {}, min_at = {}, broken = {};
  for (size_t t = 0; t < rows.size(); ++t) {
    low.add(rows[t].lanes.data());
    high.add(rows[t].lanes.data() + kHalf);
    const F16 v = rows[t].vector();
    const I16 at = all_lanes<I16>(static_cast<int32_t>(t));
    const I16 higher = v > max, lower = v < min;
    max = choose(higher, v, max);
    min = choose(lower, v, min);
    max_at = choose(higher, at, max_at);
    min_at = choose(lower, at, min_at);
    broken |= not_finite(v);
  }
  LanePeaks peaks;
  store(max, peaks.max.data());
  store(min, peaks.min.data());
  store(max_at, peaks.max_at.data());
  store(min_at, peaks.min_at.data());
  for (size_t lane = 0; lane < n_units_; ++lane) peaks.all_finite &= get_lane(broken, lane) == 0;
  if (!peaks.all_finite) return peaks;  // the caller starts again, with care
  sums_[0].add({low.p1, high.p1});
  sums_[1].add({low.p2, high.p2});
  sums_[2].add({low.p3, high.p3});
  sums_[3].add({low.p4, high.p4});
  return peaks;
}

// The same by the definition, one value at a time; NaN and infinity are counted and left out, of
// the histogram too, where count_bins() had put them in an outermost bin.
LanePeaks UnitBlock::sum_finite_and_find_peaks(std::span<const LaneRow> rows) {
  LanePeaks peaks;
  peaks.all_finite = false;
  D8 sums[4][2] = {};
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
    for (size_t p = 0; p < partial.size(); ++p) {
      set_lane(sums[p][lane / kHalf], lane % kHalf, partial[p]);
    }
    peaks.max[lane] = max;
    peaks.min[lane] = min;
    peaks.max_at[lane] = max_at;
    peaks.min_at[lane] = min_at;
  }
  for (size_t p = 0; p < sums_.size(); ++p) sums_[p].add(sums[p]);
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

void UnitBlock::offer_peaks(size_t lane, const LanePeaks& peaks, const BatchSequence& sequence,
                            std::span<const LaneRow> rows, WindowSink& sink) {
  if (peaks.max_at[lane] < 0) return;
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
  if (maxima_.may_be_kept(lane, max, rank)) {
    maxima_.add(lane, {max, rank, max_at, keep_window(lane, max_at.position, rows, sink)});
  }
  if (min > bottom_limit_[lane]) return;
  KeptPeak peak;
  peak.at = min_at, peak.value = min, peak.rank = rank;
  offer_minimum(lane, peak, rows, sink);
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

void UnitBlock::record(size_t lane, UnitRecord& record) const {
  sparse(bins_of(value_counts_, lane), record.values);
  sparse(bins_of(maxima_counts_, lane), record.maxima);
  for (size_t p = 0; p < sums_.size(); ++p) record.sums.sum[p] = sums_[p].sum(lane);
  Summary& summary = record.summary = {};
  for (size_t i = 0; i < record.values.bins.size(); ++i) {
    summary.count += record.values.counts[i];
    if (record.values.bins[i] > kZeroBin) summary.n_positive += record.values.counts[i];
  }
  summary.n_nan = n_nan_[lane];
  summary.n_infinite = n_infinite_[lane];
  summary.min = min_[lane], summary.min_at = min_at_[lane];
  summary.max = max_[lane], summary.max_at = max_at_[lane];
  set_moments(record.sums, summary);
  maxima_.sorted(lane, record.maximum_peaks);
  const KeptPeak* first = bottom_.data() + lane * options_.bottom;
  record.minimum_peaks.assign(first, first + n_bottom_[lane]);
  record.head.reset();
}

void UnitBlock::restore(size_t lane, const UnitRecord& record) {
  restore_counts(record.values, bins_of(value_counts_, lane));
  restore_counts(record.maxima, bins_of(maxima_counts_, lane));
  for (size_t p = 0; p < sums_.size(); ++p) sums_[p].restore(lane, record.sums.sum[p]);
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
