// Which of a unit's kept peaks make which group of its page, in the order in which people see them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/unit_record.h"

namespace actogram {

struct ExemplarGroup {
  std::string name;   // "top", "bottom", "bucket4", ..., "random"
  std::string title;  // "Highest maxima", ...
  int bucket = -1;    // 0..4 where its quantiles are known
  // Of a head its own peaks; of others the maximum peaks, and then the minimum peaks.
  std::vector<size_t> peaks;
};

// `bounds` are the values between the buckets, kNumBuckets + 1 of them unless others published the
// unit.
std::vector<ExemplarGroup> exemplar_groups(const UnitRecord& unit, std::span<const double> bounds);

inline size_t n_peaks(const UnitRecord& unit) {
  return unit.head ? unit.head->peaks.size()
                   : unit.maximum_peaks.size() + unit.minimum_peaks.size();
}
// Requires: no head.
inline const KeptPeak& peak_of(const UnitRecord& unit, size_t index) {
  const size_t n = unit.maximum_peaks.size();
  return index < n ? unit.maximum_peaks[index] : unit.minimum_peaks[index - n];
}

}  // namespace actogram
