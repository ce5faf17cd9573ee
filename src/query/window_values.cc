#include "query/window_values.h"

namespace actogram {
namespace {

void fill_from(const KeptPeak& peak, uint32_t begin, float sign, std::span<float> values) {
  const uint64_t end = uint64_t{begin} + values.size();
  for (size_t i = 0; i < peak.window.size(); ++i) {
    const uint64_t position = uint64_t{peak.window_begin} + i;
    if (position >= begin && position < end) values[position - begin] = sign * peak.window[i];
  }
}

}  // namespace

void fill_from_windows(const UnitRecord& unit, uint32_t sequence, uint32_t begin, float sign,
                       std::span<float> values) {
  for (const auto* peaks : {&unit.maximum_peaks, &unit.minimum_peaks}) {
    for (const KeptPeak& peak : *peaks) {
      if (peak.at.sequence == sequence) fill_from(peak, begin, sign, values);
    }
  }
}

}  // namespace actogram
