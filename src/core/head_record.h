// What a recording keeps of one attention head besides the summary that every unit has: how its
// pattern lies, and excerpts with the whole triangle of pairs.
//
// A head has a value at each pair of a query and a key at or before it (docs/format.md,
// heads.arrow). Everything here is of sequences; two records of different sequences merge by
// addition and by choosing again from what both kept.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "actogram/collate_options.h"
#include "actogram/types.h"
#include "core/exact_sum.h"

namespace actogram {

// Distances from query to key: 0, 1, 2 to 3, 4 to 7 and so on, the last bin without an end.
inline constexpr size_t kNumDistanceBins = 18;
constexpr size_t distance_bin(uint32_t distance) {
  size_t bin = 0;
  for (; distance > 0; distance /= 2) ++bin;
  return std::min(bin, kNumDistanceBins - 1);
}

enum HeadSum : size_t {
  kEntropy,
  kSelf,
  kPrevious,
  kFirst,
  kInduction,
  kPatternByDistance,
  kValueByDistance = kPatternByDistance + kNumDistanceBins,
  kNumHeadSums = kValueByDistance + kNumDistanceBins,
};

struct HeadScores {
  uint64_t n_queries = 0;  // positions but the first of each sequence
  uint64_t n_repeats = 0;  // pairs whose key follows an earlier occurrence of the query's token
  std::array<ExactSum, kNumHeadSums> sums = {};

  // Over queries; of kInduction, over repeats. NaN where there are none.
  double mean(HeadSum which) const;
  void merge(const HeadScores& other);
  bool operator==(const HeadScores&) const = default;
};

// A sequence's highest pair, with the window around it.
struct HeadPeak {
  Place at;  // the query
  uint32_t key = 0;
  float value = 0;
  uint32_t rank = 0;               // sample_rank() of the sequence for this head
  uint16_t groups = 0;             // bits of kTop, kBottom, kRandom
  uint64_t window_ref = 0;         // where a WindowStore keeps triangle and norms, while recording
  uint32_t window_begin = 0;       // position of its first token
  uint32_t n = 0;                  // tokens in it
  std::span<const float> pattern;  // [n (n + 1) / 2], where at hand
  std::span<const float> key_norms;  // [n], or none: then `pattern` holds the values
};

struct HeadRecord {
  HeadScores scores;
  std::vector<HeadPeak> peaks;  // highest first
};

// Where the pair (q, k) of a window is in its triangle.
constexpr size_t triangle_at(size_t q, size_t k) { return q * (q + 1) / 2 + k; }
constexpr size_t triangle_size(size_t n) { return n * (n + 1) / 2; }

// The first position of the window: centred on the query; where it does not reach back to the key
// but could, it begins there. Requires: key <= query < n_tokens.
uint32_t head_window_begin(uint32_t query, uint32_t key, uint32_t n_tokens, uint32_t width);

// Sets the groups and drops the peaks that have none; what is left is highest first. A choice from
// what several choices left is the choice from all. `drop` gets each peak that goes.
void choose_head_peaks(std::vector<HeadPeak>& peaks, const CollateOptions& options,
                       const auto& drop);
// The groups alone, in the order of `peaks`, which it brings into the final order.
void assign_head_groups(std::vector<HeadPeak>& peaks, const CollateOptions& options);

void choose_head_peaks(std::vector<HeadPeak>& peaks, const CollateOptions& options,
                       const auto& drop) {
  assign_head_groups(peaks, options);
  for (const HeadPeak& peak : peaks) {
    if (peak.groups == 0) drop(peak);
  }
  std::erase_if(peaks, [](const HeadPeak& peak) { return peak.groups == 0; });
}

}  // namespace actogram
