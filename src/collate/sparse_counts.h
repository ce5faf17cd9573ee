// Counts of all bins, as a unit is collated, and of those that hold anything, as it is kept.
#pragma once

#include <span>

#include "core/unit_record.h"

namespace actogram {

// Into memory that is kept from unit to unit.
template <typename Count>
void sparse(std::span<const Count> counts, SparseHistogram& histogram) {
  histogram.bins.clear(), histogram.counts.clear();
  for (size_t bin = 0; bin < counts.size(); ++bin) {
    if (counts[bin] == 0) continue;
    histogram.bins.push_back(static_cast<uint16_t>(bin));
    histogram.counts.push_back(counts[bin]);
  }
}

// Requires: every bin of `histogram` is one of `counts`.
template <typename Count>
void restore_counts(const SparseHistogram& histogram, std::span<Count> counts) {
  for (size_t i = 0; i < histogram.bins.size(); ++i) {
    counts[histogram.bins[i]] = static_cast<Count>(histogram.counts[i]);
  }
}

}  // namespace actogram
