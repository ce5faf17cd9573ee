#include "core/histogram.h"

#include <cmath>
#include <limits>

namespace actogram {

double lower_edge(uint32_t bin) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  // Distance from zero, in bins, of the edge's side that is nearer to zero.
  const auto magnitude_at = [](uint32_t away) -> double {
    if (away == 0) return 0;
    if (away >= kBinsPerSign) return kInfinity;
    const uint32_t top_bits = (127 - 24) * kBinsPerOctave - 1 + away;
    return std::bit_cast<float>(top_bits << 20);
  };
  if (bin == kZeroBin || bin == kZeroBin + 1) return 0;
  if (bin > kZeroBin) return magnitude_at(bin - kZeroBin - 1);
  return -magnitude_at(kZeroBin - bin);
}

double quantile(std::span<const uint16_t> bins, std::span<const uint64_t> counts, double q,
                double min, double max) {
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  if (total == 0) return std::numeric_limits<double>::quiet_NaN();
  const double wanted = q * static_cast<double>(total);
  double below = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    const auto count = static_cast<double>(counts[i]);
    if (below + count < wanted || count == 0) {
      below += count;
      continue;
    }
    const double low = std::max(lower_edge(bins[i]), min);
    const double high = std::min(lower_edge(bins[i] + 1u), max);
    return low + (high - low) * (wanted - below) / count;
  }
  return max;
}

double entropy_bits(std::span<const uint64_t> counts) {
  double total = 0, weighted = 0;
  for (const uint64_t count : counts) {
    if (count == 0) continue;
    const auto n = static_cast<double>(count);
    total += n, weighted += n * std::log2(n);
  }
  return total == 0 ? std::nan("") : std::max(0.0, std::log2(total) - weighted / total);
}

}  // namespace actogram
