#include "collate/peak_band.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <functional>

#include "actogram/error.h"
#include "base/prefetch.h"

namespace actogram {
namespace {

// Slots to begin with: enough for some ten thousand sequences, so that memory is claimed at the
// start of a recording and hardly ever after.
size_t first_capacity(BandSizes sizes) { return size_t{7} * sizes.tail + sizes.all; }

}  // namespace

BandSizes band_sizes(const CollateOptions& options) {
  for (const uint32_t n : {options.top, options.bottom, options.random, options.per_bucket}) {
    if (n <= kMostExemplars) continue;
    fail(Code::invalid, "{} exemplars of one kind are asked for; {} is the most", n,
         kMostExemplars);
  }
  const auto drawn = static_cast<double>(options.per_bucket);
  const auto tail = static_cast<uint32_t>(std::ceil(drawn / .8 + 1.6 * std::sqrt(drawn)));
  const auto all = static_cast<uint32_t>(std::ceil(drawn / .5 + 3.5 * std::sqrt(drawn)));
  return {std::max({tail, options.top, options.random, 1u}), std::max({all, options.random, 1u})};
}

size_t expected_peaks(const BandSizes& sizes, uint64_t n_sequences) {
  const auto n = static_cast<double>(n_sequences);
  const double first = std::max(sizes.all, sizes.tail);
  if (n <= first) return n_sequences;
  return static_cast<size_t>(std::ceil(first + sizes.tail * std::log(n / first)));
}

PeakBand::PeakBand(size_t n_units, BandSizes sizes)
    : sizes_(sizes),
      bars_(n_units),
      n_refused_(n_units),
      capacity_(first_capacity(sizes)),
      sizes_of_(n_units),
      next_sequence_(n_units),
      n_waiting_(n_units),
      waiting_(n_units * kMostWaiting) {
  const size_t n = n_units * capacity_;
  values_.resize(n);
  ranks_.resize(n);
  dominators_.resize(n);
  earlier_.resize(n);
  labels_.resize(n);
}

bool PeakBand::is_below_a_bar(size_t unit, float value, uint32_t rank) const {
  const Bars& bars = bars_[unit];
  uint32_t below = 0;
  for (size_t b = 0; b < kBars; ++b) {
    const uint32_t weaker = value < bars.values[b];
    const uint32_t later = rank > bars.ranks[b];
    below |= weaker & later;
  }
  return below != 0;
}

// The bars' ranks cut what is drawn after the first `all` peaks into as many parts of equal size; a
// bar's value is the one that `tail` of the peaks drawn up to there reach.
void PeakBand::set_bars(size_t unit) {
  n_refused_[unit] = 0;
  const size_t base = unit * capacity_, n = sizes_of_[unit];
  const size_t least = std::max<size_t>(sizes_.all, sizes_.tail);
  if (n <= least) return;
  thread_local std::vector<uint64_t> drawn;   // rank, then the value's bits
  thread_local std::vector<float> strongest;  // a heap, the weakest of them first
  drawn.clear();
  strongest.clear();
  for (size_t i = base; i < base + n; ++i) {
    drawn.push_back(uint64_t{ranks_[i]} << 32 | std::bit_cast<uint32_t>(values_[i]));
  }
  std::ranges::sort(drawn);
  for (size_t i = 0, b = 0; b < kBars; ++i) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(drawn[i]));
    if (strongest.size() < sizes_.tail) {
      strongest.push_back(value);
      std::ranges::push_heap(strongest, std::greater());
    } else if (value > strongest.front()) {
      std::ranges::pop_heap(strongest, std::greater());
      strongest.back() = value;
      std::ranges::push_heap(strongest, std::greater());
    }
    for (; b < kBars && i + 1 == least + (n - least) * b / kBars; ++b) {
      bars_[unit].values[b] = strongest.front();
      bars_[unit].ranks[b] = static_cast<uint32_t>(drawn[i] >> 32);
    }
  }
}

bool PeakBand::observe(size_t unit, float value, uint32_t rank, Place at) {
  constexpr uint32_t kPatience = 32;  // a new set of bars costs some thirty looks at all peaks
  if (is_below_a_bar(unit, value, rank)) return false;
  const bool latest = at.sequence >= next_sequence_[unit];
  const Counts n = latest ? count<true>(unit, value, rank, at.sequence)
                          : count<false>(unit, value, rank, at.sequence);
  if (n.dominators >= sizes_.tail && n.earlier >= sizes_.all) {
    if (++n_refused_[unit] == kPatience) set_bars(unit);
    return false;
  }

  latest ? count_against<true>(unit, value, rank, at.sequence)
         : count_against<false>(unit, value, rank, at.sequence);
  if (latest) next_sequence_[unit] = at.sequence + 1;
  if (sizes_of_[unit] == capacity_) grow();
  const size_t slot = unit * capacity_ + sizes_of_[unit]++;
  values_[slot] = value;
  ranks_[slot] = rank;
  dominators_[slot] = static_cast<uint16_t>(n.dominators);
  earlier_[slot] = static_cast<uint16_t>(n.earlier);
  labels_[slot].at = at;
  return true;
}

template <bool kLatest>
PeakBand::Counts PeakBand::count(size_t unit, float value, uint32_t rank, uint32_t sequence) const {
  const size_t base = unit * capacity_, n = sizes_of_[unit];
  const float* values = values_.data() + base;
  const uint32_t* ranks = ranks_.data() + base;
  Counts counts;
  for (size_t i = 0; i < n; ++i) {
    const uint32_t place_first = kLatest || labels_[base + i].at.sequence < sequence;
    const uint32_t stronger = (values[i] > value) | ((values[i] == value) & place_first);
    const uint32_t drawn_first = (ranks[i] < rank) | ((ranks[i] == rank) & place_first);
    counts.dominators += stronger & drawn_first;
    counts.earlier += drawn_first;
  }
  return counts;
}

// The newcomer counts against the peaks it dominates and those it is drawn before; whichever is
// past both limits then goes. No count overflows: it is below the number of peaks kept, some
// hundreds.
template <bool kLatest>
void PeakBand::count_against(size_t unit, float value, uint32_t rank, uint32_t sequence) {
  const size_t base = unit * capacity_, n = sizes_of_[unit];
  const float* values = values_.data() + base;
  const uint32_t* ranks = ranks_.data() + base;
  uint16_t* dominators = dominators_.data() + base;
  uint16_t* earlier = earlier_.data() + base;
  uint32_t n_past = 0, last_past = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t place_first = !kLatest && sequence < labels_[base + i].at.sequence;
    const uint32_t stronger = (value > values[i]) | ((value == values[i]) & place_first);
    const uint32_t drawn_first = (rank < ranks[i]) | ((rank == ranks[i]) & place_first);
    const uint32_t n_dominators = dominators[i] + (drawn_first & stronger);
    const uint32_t n_earlier = earlier[i] + drawn_first;
    dominators[i] = static_cast<uint16_t>(n_dominators);
    earlier[i] = static_cast<uint16_t>(n_earlier);
    const uint32_t past = (n_dominators >= sizes_.tail) & (n_earlier >= sizes_.all);
    n_past += past;
    last_past = std::max(last_past, past * i);
  }
  for (size_t i = last_past + 1; n_past > 0;) {
    if (dominators[--i] < sizes_.tail || earlier[i] < sizes_.all) continue;
    erase(unit, i);
    --n_past;
  }
}

void PeakBand::add(size_t unit, const Newcomer& peak) {
  if (n_waiting_[unit] == kMostWaiting) settle(unit);
  waiting_[unit * kMostWaiting + n_waiting_[unit]++] = peak;
}

void PeakBand::settle(size_t unit) {
  const size_t first = unit * kMostWaiting;
  for (size_t i = first; i < first + n_waiting_[unit]; ++i) {
    const Newcomer& peak = waiting_[i];
    if (observe(unit, peak.value, peak.rank, peak.at)) {
      set_window(unit, peak.window);
    } else {
      dropped_windows_.push_back(peak.window);
    }
  }
  n_waiting_[unit] = 0;
}

void PeakBand::set_window(size_t unit, uint64_t window_ref) {
  labels_[unit * capacity_ + sizes_of_[unit] - 1].window = window_ref;
}

void PeakBand::erase(size_t unit, size_t slot) {
  const size_t hole = unit * capacity_ + slot;
  dropped_windows_.push_back(labels_[hole].window);
  const size_t last = unit * capacity_ + --sizes_of_[unit];
  const auto move_last = [&](auto& column) { column[hole] = column[last]; };
  move_last(values_), move_last(ranks_), move_last(dominators_), move_last(earlier_);
  move_last(labels_);
}

void PeakBand::grow() {
  const size_t wider = capacity_ + capacity_ / 4 + 1;
  const auto respace = [&](auto& column) {
    std::remove_reference_t<decltype(column)> spaced(sizes_of_.size() * wider);
    for (size_t unit = 0; unit < sizes_of_.size(); ++unit) {
      std::copy_n(column.begin() + static_cast<ptrdiff_t>(unit * capacity_), sizes_of_[unit],
                  spaced.begin() + static_cast<ptrdiff_t>(unit * wider));
    }
    column = std::move(spaced);
  };
  respace(values_), respace(ranks_), respace(dominators_), respace(earlier_);
  respace(labels_);
  capacity_ = wider;
}

void PeakBand::prefetch(size_t unit) const {
  prefetch_to_write(std::span(&bars_[unit], 1));
  const size_t next = unit * kMostWaiting + n_waiting_[unit] % kMostWaiting;
  prefetch_to_write(std::span(&waiting_[next], 1));
  if (!is_ripe(unit)) return;
  const size_t first = unit * capacity_, n = sizes_of_[unit];
  const auto ask = [&](const auto& column) {
    prefetch_to_write(std::span(column).subspan(first, n));
  };
  ask(values_), ask(ranks_), ask(dominators_), ask(earlier_);
  prefetch_to_write(std::span(labels_).subspan(first + n, std::min(kRipe, capacity_ - n)));
}

namespace {

// Grows as the value falls, and among equal values (0 and -0 are) with the sequence, of which a
// unit has one peak.
uint64_t strength_key(float value, uint32_t sequence) {
  constexpr uint32_t kSign = uint32_t{1} << 31;
  const auto bits = std::bit_cast<uint32_t>(value + 0.0F);
  const uint32_t descending = (bits & kSign) != 0 ? bits : ~(bits | kSign);
  return uint64_t{descending} << 32 | sequence;
}

}  // namespace

void PeakBand::sorted(size_t unit, std::vector<KeptPeak>& into) const {
  assert(n_waiting_[unit] == 0);
  struct Entry {
    uint64_t key;
    size_t slot;
  };
  thread_local std::vector<Entry> order;
  order.clear();
  for (size_t slot = unit * capacity_; slot < unit * capacity_ + sizes_of_[unit]; ++slot) {
    order.push_back({strength_key(values_[slot], labels_[slot].at.sequence), slot});
  }
  std::ranges::sort(order, {}, &Entry::key);
  into.clear();
  for (const auto& [key, slot] : order) {
    KeptPeak& peak = into.emplace_back();
    peak.at = labels_[slot].at;
    peak.value = values_[slot];
    peak.rank = ranks_[slot];
    peak.window_ref = labels_[slot].window;
  }
}

}  // namespace actogram
