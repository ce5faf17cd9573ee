// UnitBlock collates sixteen neighbouring units of a site: one cache line of a row of activations.
//
// observe() reads a batch once. Lanes are units, so sums run over positions from first to last in
// every lane, whatever the vector width, and no value depends on its neighbours. Per sequence and
// unit it makes the powers' partial sums, extremes with their places, and histogram counts. Then,
// lane by lane, since a unit's state is larger than a cache's share of it, it offers the sequences'
// peaks to the collators of exemplars. A block is used by one thread at a time; blocks share
// nothing but the WindowSink.
//
// Cost: some 6 ns a value; 15 kB a unit with the default counts.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "collate/lane_sums.h"
#include "collate/peak_band.h"
#include "collate/row_tile.h"
#include "core/unit_record.h"
#include "core/window_sink.h"

namespace actogram {

// A sequence of the batch being observed.
struct BatchSequence {
  uint32_t number = 0;  // in the recording
  uint32_t n_tokens = 0;
  uint64_t key = 0;  // sequence_key()
  bool begins_with_bos = false;
  std::span<const int32_t> ids = {};  // its tokens; heads are asked which of them come again
};

// What one sequence gives each lane. A lane without a finite value has max_at < 0.
struct LanePeaks {
  alignas(64) std::array<float, kLanes> max;
  alignas(64) std::array<float, kLanes> min;
  alignas(64) std::array<int32_t, kLanes> max_at;
  alignas(64) std::array<int32_t, kLanes> min_at;
  bool all_finite = true;
};

// Buffers of one thread, reused from batch to batch.
struct BlockScratch {
  RowTile tile;
  std::vector<LanePeaks> peaks;  // [sequence]
  std::vector<uint16_t> bins;    // [token, lane]
  std::vector<LaneRow> swish;    // [token]
};

// Windows that a unit has in its sink after so many sequences, on average and at most.
size_t expected_windows(const CollateOptions& options, uint64_t n_sequences);

class UnitBlock {
 public:
  // Units [first, first + n) of `site`; n <= kLanes.
  UnitBlock(std::string_view site, uint32_t first, uint32_t n, const CollateOptions& options);

  // Requires: values.first_row and `sequences` are parallel; a sequence comes once.
  void observe(const BlockValues& values, std::span<const BatchSequence> sequences,
               BlockScratch& scratch, WindowSink& sink);

  // Asks for the memory that observe() will use: the state of all units is far larger than caches.
  void prefetch() const;

  size_t n_units() const { return n_units_; }

  // Decides on the peaks that wait to be decided on together (PeakBand). For what follows there
  // must be none.
  void settle(WindowSink& sink);
  // All but the classes, windows as references. What was there is overwritten, its memory kept.
  void record(size_t lane, UnitRecord& into) const;
  void restore(size_t lane, const UnitRecord& record);  // into a fresh block

  template <typename Visitor>  // visit(uint64_t& window_ref, wear), uint32_t wear()
  void for_each_window(size_t lane, Visitor visit) {
    maxima_.for_each_window(lane, visit);
    for (uint32_t i = 0; i < n_bottom_[lane]; ++i) {
      visit(bottom_[lane * options_.bottom + i].window_ref,
            [&] { return wear_of(i, options_.bottom); });
    }
  }

 private:
  LanePeaks sum_and_find_peaks(std::span<const LaneRow> rows);
  LanePeaks sum_finite_and_find_peaks(std::span<const LaneRow> rows);
  void count_bins(std::span<const LaneRow> rows, std::vector<uint16_t>& bins);
  void prefetch_lane(size_t lane, std::span<const LanePeaks> peaks) const;
  void offer_peaks(size_t lane, const LanePeaks& peaks, const BatchSequence& sequence,
                   std::span<const LaneRow> rows, WindowSink& sink);
  void settle(size_t lane, WindowSink& sink);
  void set_bottom_limit(size_t lane);
  void offer_minimum(size_t lane, const KeptPeak& peak, std::span<const LaneRow> rows,
                     WindowSink& sink);
  uint64_t keep_window(size_t lane, uint32_t position, std::span<const LaneRow> rows,
                       WindowSink& sink) const;

  CollateOptions options_;
  size_t n_units_;
  std::array<uint64_t, kLanes> keys_ = {};  // unit_key()
  std::array<LaneSums<3>, 4> sums_;         // [power]
  std::array<uint64_t, kLanes> n_nan_ = {};
  std::array<uint64_t, kLanes> n_infinite_ = {};
  std::array<float, kLanes> min_;
  std::array<float, kLanes> max_;
  std::array<Place, kLanes> min_at_;
  std::array<Place, kLanes> max_at_;
  std::vector<uint32_t> value_counts_;   // [kLanes, bin]
  std::vector<uint32_t> maxima_counts_;  // [lane, bin]
  PeakBand maxima_;
  std::vector<KeptPeak> bottom_;  // [lane, rank], lowest first
  std::array<uint32_t, kLanes> n_bottom_ = {};
  std::array<float, kLanes> bottom_limit_;  // a higher minimum is not kept
};

}  // namespace actogram
