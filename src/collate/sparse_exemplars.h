// The exemplars of a sparse unit, from its events. They are not stored: all events are, so
// whatever is asked for can be drawn when it is wanted.
//
// They are those that a neuron with the same values would have (collate/merge.h), zeros included,
// but for two groups: only a sequence in which the unit fires is among the highest, and only one
// with a value below 0 among the lowest. A random sequence may well be one where it is silent.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/sparse_summary.h"
#include "core/unit_record.h"

namespace actogram {

struct SparseExemplars {
  std::vector<KeptPeak> maximum_peaks;  // strongest first; each in one group or more
  std::vector<KeptPeak> minimum_peaks;  // lowest first
  std::vector<float> windows;           // what the peaks' windows are views of
};

// `unit` is what summarise_events() made of the same events, `unit_key` and `sequence_keys`
// [sequence] are those of core/unit_address.h. A window holds NaN where a value is not known.
SparseExemplars sparse_exemplars(const SparseValues& events, const SparseCorpus& corpus,
                                 const UnitRecord& unit, uint64_t unit_key,
                                 std::span<const uint64_t> sequence_keys,
                                 const CollateOptions& options);

}  // namespace actogram
