// One set of histogram edges for every unit of every model, so that histograms always merge.
//
// A bin is the sign, the exponent and the top three mantissa bits of the float: eight bins to an
// octave from 2^-24 to 2^24, each at most 12.5 % wide. Beyond, on either side of zero, lies one
// bin for smaller and one for larger values; zero (of either sign) has its own. Bins ascend with
// the values. A quantile read from the counts lies in the right bin, so within 12.5 % of the truth.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace actogram {

inline constexpr int kBinsPerOctave = 8;
inline constexpr uint32_t kBinsPerSign = 48 * kBinsPerOctave + 2;
inline constexpr uint32_t kZeroBin = kBinsPerSign;
inline constexpr uint32_t kNumBins = 2 * kBinsPerSign + 1;

// Requires: not NaN, not infinite. Without branches, so that a loop over it becomes vector code.
inline uint32_t bin_of(float value) {
  constexpr int32_t kFirst = (127 - 24) * kBinsPerOctave - 1;  // top bits of 2^-24, less one
  const auto bits = std::bit_cast<int32_t>(value);
  const int32_t magnitude = bits & 0x7fffffff;
  const int32_t step =
      std::clamp((magnitude >> 20) - kFirst, 0, static_cast<int32_t>(kBinsPerSign) - 1);
  const int32_t zero = static_cast<int32_t>(kZeroBin);
  const int32_t away = magnitude == 0 ? 0 : step + 1;
  return static_cast<uint32_t>(bits < 0 ? zero - away : zero + away);
}

// Bin b holds the values in [lower_edge(b), lower_edge(b + 1)) where they are positive, and in
// (lower_edge(b), lower_edge(b + 1)] where they are negative. The outermost edges are infinite.
double lower_edge(uint32_t bin);  // Requires: bin <= kNumBins.

// The value below which a share `q` of the counted values lies, interpolated within its bin;
// `min` and `max` of the values close the range. NaN if nothing was counted.
double quantile(std::span<const uint16_t> bins, std::span<const uint64_t> counts, double q,
                double min, double max);

// How evenly the counted values spread over their bins, in bits: 0 where one bin has all of them,
// the logarithm of the number of bins where each has as many. NaN if nothing was counted.
double entropy_bits(std::span<const uint64_t> counts);

}  // namespace actogram
