// A histogram for people: neighbouring bins, at most some 64, none narrower than a 64th of the
// range.
//
// The stored bins are fine near zero, where a picture has no room for them; there, neighbours are
// added up. No count is split, so every number shown is exact and every edge is a stored edge.
#pragma once

#include "core/unit_record.h"
#include "query/excerpt.h"

namespace actogram {

HistogramView view_of(const SparseHistogram& histogram, double min, double max);

}  // namespace actogram
