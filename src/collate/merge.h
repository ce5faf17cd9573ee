// What several recordings hold of one unit, made one: the same bits as one run over all sequences.
#pragma once

#include <array>
#include <span>

#include "core/unit_record.h"

namespace actogram {

// Requires: sequence numbers are those of the merged recording, no sequence comes twice. Windows
// are carried over as they are.
UnitRecord merge_units(std::span<const UnitRecord> parts, const CollateOptions& options);

// Sets the groups of a unit's kept peaks: which of them are shown as what.
void assign_groups(UnitRecord& unit, const CollateOptions& options);

// The values that part the five buckets: kNumBuckets + 1 of them, from the histogram of sequence
// maxima, interpolated within a bin. Bucket b holds maxima in [bounds[b], bounds[b + 1]).
std::array<double, kNumBuckets + 1> bucket_bounds(const UnitRecord& unit);

}  // namespace actogram
