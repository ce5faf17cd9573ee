// The units of sparse sites, from their events: the rows that units.arrow and histograms.arrow have
// of them, and a unit's events in one piece.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/sparse_summary.h"
#include "store/event_index.h"
#include "store/token_lists.h"
#include "store/unit_tables.h"

namespace actogram {

// Where each sequence begins: [sequence + 1].
std::vector<uint64_t> first_tokens(const CorpusTables& corpus);

// A unit's events, copied where the file has them in several pieces.
class EventsOfUnit {
 public:
  EventsOfUnit(const EventIndex& events, uint64_t unit);

  SparseValues values() const { return values_; }

 private:
  std::vector<uint32_t> tokens_;
  std::vector<float> numbers_;
  SparseValues values_;
};

// What the events of a unit of sites[site] say of it; without peaks.
UnitRecord sparse_unit(const EventIndex& events, uint64_t unit, const SparseCorpus& corpus,
                       const TokenLists& lists, size_t site);

// Adds the units of all sparse sites; those of the others are there already. `progress` gets the
// number that is done.
void write_sparse_units(const EventIndex& events, const CorpusTables& corpus,
                        const TokenLists& lists, const std::vector<Site>& sites, UnitWriter& writer,
                        const std::function<void(uint64_t)>& progress);

}  // namespace actogram
