// PeakBand keeps, for each unit of a block, the sequence maxima from which every exemplar group can
// be drawn later: the strongest, a uniform sample, and uniform samples above any quantile.
//
// A peak has a strength (value, earlier place first among equals) and a sampling rank (a keyed
// hash, lower is drawn first). One peak dominates another if it is stronger and drawn before it.
// Kept is
//   (a) whatever fewer than `tail` peaks dominate, and
//   (b) whatever has fewer than `all` peaks drawn before it.
// By (a), for every value v the `tail` peaks drawn first among those at or above v are here: take
// the rank order and nothing above v is missing until `tail` are found. With v very low that is a
// uniform sample of everything, with v very high it is the top list, in between it is a uniform
// sample of the sequences above any quantile, chosen after the fact. (b) adds what the lower half
// needs. Both rules speak of the set alone, so neither order nor splits nor merging can matter: a
// peak that is dropped has its dominators among the kept ones, and they dominate for ever.
//
// Most newcomers are refused, and most of these by a bar: a value and a rank that `tail` kept peaks
// reach and `all` are drawn before. What is below a bar on both counts is refused without a look at
// the peaks, which is most of them after a thousand sequences. Bars are set anew after a few
// newcomers that were refused without one; an old bar is only less useful, never wrong.
//
// The peaks of all units are far larger than caches, so a unit's are not fetched for every
// newcomer: those that no bar refuses wait, with their windows, until there are some, and are
// observed together. A unit's state is complete when settle() was called.
//
// Expected size after n sequences (expected_peaks): all + tail * ln(n / all); some 165 for the
// defaults and n = 1,500, 380 for a million. A peak costs 28 bytes here and its window
// elsewhere.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/unit_record.h"
#include "core/window_sink.h"

namespace actogram {

struct BandSizes {
  uint32_t tail = 0;
  uint32_t all = 0;
};

// Enough for the groups asked for. A bucket takes the sequences of its tail that lie below the next
// quantile: four fifths of them from .5 on, half of them below. The margins make fewer than
// `per_bucket` a rarity (1 % of units) where the bucket has more.
// Error{invalid} for more than kMostExemplars of a kind.
inline constexpr uint32_t kMostExemplars = 80;
BandSizes band_sizes(const CollateOptions& options);

// How many peaks a unit keeps of so many sequences, on average: the first drawn, and of one drawn
// later, the r-th, those that are among the `tail` strongest of the first r.
size_t expected_peaks(const BandSizes& sizes, uint64_t n_sequences);

class PeakBand {
 public:
  PeakBand(size_t n_units, BandSizes sizes);

  // True if the peak is kept; then set_window() must follow. Requires: value finite, and no peak of
  // this sequence was observed for this unit before.
  bool observe(size_t unit, float value, uint32_t rank, Place at);
  void set_window(size_t unit, uint64_t window_ref);  // of the peak admitted last

  // The windows of peaks that observe() put out, or settle() found not wanted. The caller empties
  // it.
  std::vector<uint64_t>& dropped_windows() { return dropped_windows_; }

  // The same for a peak that is observed when the unit is settled. Most newcomers may not be kept,
  // and need no window.
  struct Newcomer {
    float value = 0;
    uint32_t rank = 0;
    Place at = {};
    uint64_t window = 0;
  };
  bool may_be_kept(size_t unit, float value, uint32_t rank) const {
    return !is_below_a_bar(unit, value, rank);
  }
  void add(size_t unit, const Newcomer& peak);
  static constexpr size_t kRipe = 8;
  bool is_ripe(size_t unit) const { return n_waiting_[unit] >= kRipe; }  // should be settled
  void settle(size_t unit);

  // Asks for what may_be_kept() and add() will touch, and settle() where the unit is ripe.
  void prefetch(size_t unit) const;

  // Strongest first, of a unit that is settled. Overwrites what was there and keeps its memory.
  void sorted(size_t unit, std::vector<KeptPeak>& into) const;

  // Visits every window reference of a unit that is settled, so that a store that moves windows can
  // say where they went, and can ask for its wear.
  template <typename Visitor>  // visit(uint64_t& window_ref, wear), uint32_t wear()
  void for_each_window(size_t unit, Visitor visit) {
    assert(n_waiting_[unit] == 0);
    for (size_t i = unit * capacity_, end = i + sizes_of_[unit]; i < end; ++i) {
      visit(labels_[i].window, [this, i] { return wear(i); });
    }
  }

 private:
  static constexpr size_t kBars = 8;  // of a unit
  static constexpr size_t kMostWaiting = 16;

  struct Counts {
    uint32_t dominators = 0, earlier = 0;  // of a newcomer
  };

  bool is_below_a_bar(size_t unit, float value, uint32_t rank) const;
  void set_bars(size_t unit);
  // Where every peak that is kept is of an earlier sequence, places need not be read.
  template <bool kLatest>
  Counts count(size_t unit, float value, uint32_t rank, uint32_t sequence) const;
  template <bool kLatest>
  void count_against(size_t unit, float value, uint32_t rank, uint32_t sequence);
  // Both counts grow with the number of sequences, and a peak goes when both are full.
  uint32_t wear(size_t slot) const {
    return std::min(wear_of(std::min<uint32_t>(dominators_[slot], sizes_.tail), sizes_.tail),
                    wear_of(std::min<uint32_t>(earlier_[slot], sizes_.all), sizes_.all));
  }
  void grow();
  void erase(size_t unit, size_t slot);

  struct alignas(64) Bars {
    std::array<float, kBars> values = {};
    std::array<uint32_t, kBars> ranks;  // the highest there is: nothing is below such a bar
    Bars() { ranks.fill(std::numeric_limits<uint32_t>::max()); }
  };

  BandSizes sizes_;
  std::vector<Bars> bars_;           // [unit]
  std::vector<uint32_t> n_refused_;  // [unit] since its bars were set, not by one
  size_t capacity_;  // slots of each unit; unit u has [u * capacity_, u * capacity_ + sizes_of_[u])
  std::vector<uint32_t> sizes_of_;

  std::vector<uint32_t> next_sequence_;  // [unit] after the last one that was kept

  std::vector<uint8_t> n_waiting_;  // [unit]
  std::vector<Newcomer> waiting_;   // [unit, in order of arrival]

  // What is not looked at when a newcomer is counted.
  struct Label {
    Place at;
    uint64_t window = 0;
  };

  // [unit, slot], in no order
  std::vector<float> values_;
  std::vector<uint32_t> ranks_;
  std::vector<uint16_t> dominators_;  // kept peaks that dominate it
  std::vector<uint16_t> earlier_;     // kept peaks drawn before it
  std::vector<Label> labels_;

  std::vector<uint64_t> dropped_windows_;
};

}  // namespace actogram
