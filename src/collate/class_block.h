// ClassBlock collates sixteen neighbouring gated neurons by sign class: exact counts, sums, and for
// each quantity the sequences with the largest magnitude.
//
// The same rules as UnitBlock's: a function of the set of sequences alone, one thread at a time.
// Within a class a quantity has one sign, so nothing cancels: sums are taken in float32 over eight
// tokens (in double where that overflows), in double over a sequence and exactly beyond, which
// keeps them within 1e-6 relative.
//
// Cost: some 5 ns a token and neuron; 5 kB a neuron with the default counts.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "collate/lane_sums.h"
#include "collate/unit_block.h"
#include "core/class_record.h"

namespace actogram {

class ClassBlock {
 public:
  static constexpr uint32_t kMostKept = 255;  // of a quantity of a class

  // Requires: options.class_top <= kMostKept.
  ClassBlock(uint32_t n, GateFunction function, const CollateOptions& options);

  // Requires: values.gate and values.linear; otherwise as UnitBlock::observe().
  void observe(const BlockValues& values, std::span<const BatchSequence> sequences,
               BlockScratch& scratch);

  // Asks for the memory that observe() will use whatever the values.
  void prefetch() const;

  // [sign class]; the memory of what was there is kept.
  void record(size_t lane, std::vector<ClassRecord>& into) const;
  void restore(size_t lane, std::span<const ClassRecord> classes);  // into a fresh block

 private:
  struct Rows;
  struct SequenceTotals;

  void add_rows(const Rows& rows, SequenceTotals& totals) const;
  void add_finite_rows(const Rows& rows, SequenceTotals& totals) const;
  void take(const Rows& rows, const SequenceTotals& totals, const BatchSequence& sequence);
  template <size_t kFirst>
  static void add_classes(const Rows& rows, SequenceTotals& totals);
  template <size_t kFirst>
  static void add_group(const Rows& rows, size_t lane, size_t begin, size_t end,
                        SequenceTotals& totals);
  static uint32_t place_of(const Rows& rows, const SequenceTotals& totals, size_t sign_class,
                           size_t quantity, size_t lane);
  template <typename T>
  using PerLane = std::array<T, kLanes>;
  template <typename T>
  using PerQuantity = std::array<std::array<T, kNumGatedQuantities>, kNumSignClasses>;

  // The peaks of one list, [slot] in no order: where few are replaced, the values are one cache
  // line to look at, and the places are only written.
  struct alignas(LaneRow) PlaceRow {
    PerLane<uint32_t> sequences, positions;
  };
  size_t first_row(size_t sign_class, size_t quantity, size_t lane) const {
    return ((sign_class * kNumGatedQuantities + quantity) * kLanes + lane) * n_rows_;
  }
  ClassPeak peak(size_t sign_class, size_t quantity, size_t lane, size_t slot) const;
  bool is_before_worst(size_t sign_class, size_t quantity, size_t lane,
                       const ClassPeak& peak) const;
  void offer(size_t sign_class, size_t quantity, size_t lane, const ClassPeak& peak);
  void set_worst(size_t sign_class, size_t quantity, size_t lane);

  GateFunction function_;
  size_t n_units_;
  size_t n_kept_;
  uint32_t skip_first_;  // tokens of a sequence that begins with BOS
  std::array<PerLane<uint64_t>, kNumSignClasses> counts_ = {};
  PerQuantity<LaneSums<2>> sums_ = {};
  size_t n_rows_;                 // of sixteen slots, in which the peaks of a list have room
  std::vector<LaneRow> values_;   // [sign class, quantity, lane, row] an infinity behind the last
  std::vector<PlaceRow> places_;  // the same
  PerQuantity<PerLane<uint8_t>> n_peaks_ = {};
  PerQuantity<PerLane<uint8_t>> worst_ = {};  // the slot that goes next, where all are taken
  PerQuantity<PerLane<float>> limits_;        // a smaller magnitude is not kept
};

}  // namespace actogram
