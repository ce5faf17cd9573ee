// Everything a recording keeps of one unit, whole: what collators hand to the store, what the store
// hands back, and what merging adds up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "actogram/collate_options.h"
#include "actogram/types.h"
#include "core/class_record.h"
#include "core/head_record.h"
#include "core/moments.h"

namespace actogram {

// The positions [begin, end) of the window around a peak: centred, moved inwards at the ends.
struct Window {
  uint32_t begin;
  uint32_t end;
};
inline Window window_around(uint32_t position, uint32_t n_tokens, uint32_t width) {
  if (n_tokens <= width) return {0, n_tokens};
  const uint32_t before = width / 2;
  const uint32_t begin = position < before ? 0 : std::min(position - before, n_tokens - width);
  return {begin, begin + width};
}

// The bins of core/histogram.h that hold anything, ascending.
struct SparseHistogram {
  std::vector<uint16_t> bins;
  std::vector<uint64_t> counts;

  bool operator==(const SparseHistogram&) const = default;
};

// A sequence's peak that is worth keeping for a unit.
struct KeptPeak {
  Place at;
  float value = 0;
  uint32_t rank = 0;              // sample_rank() of the sequence for this unit
  uint16_t groups = 0;            // bits of Group
  uint64_t window_ref = 0;        // where a WindowStore keeps the values, while recording
  uint32_t window_begin = 0;      // position of window[0]
  std::span<const float> window;  // the values, where they are at hand
};

struct UnitRecord {
  Summary summary;
  PowerSums sums;
  SparseHistogram values;               // of all finite values
  SparseHistogram maxima;               // of each sequence's maximum
  std::vector<KeptPeak> maximum_peaks;  // see collate/peak_band.h; strongest first
  std::vector<KeptPeak> minimum_peaks;  // the `bottom` lowest; lowest first
  std::vector<ClassRecord> classes;     // [sign class], or none
  std::optional<HeadRecord> head;       // of an attention head, instead of the peaks above
};

}  // namespace actogram
