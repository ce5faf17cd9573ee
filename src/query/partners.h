// The units that fire together with a unit, over the whole corpus: how often, and how their values
// go together where a unit that does not fire counts as 0. Tokens where one of two units is not
// known are no part of what is said of the two. From the two orders of the events, exactly: the
// cost is one visit for each event at the tokens where the unit fires.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "actogram/types.h"
#include "store/event_index.h"
#include "store/token_lists.h"

namespace actogram {

struct Partner {
  uint64_t unit = 0;
  uint64_t n_together = 0;  // tokens where both fire
  double jaccard = 0;       // of the tokens where either fires, the share where both do
  double correlation = 0;   // Pearson's; NaN where a unit is the same everywhere
};

enum class PartnerOrder : uint8_t { together, jaccard, correlation };

// Units are rows of `sites`, one site after the other, and `lists` says which tokens are known.
struct EventsOfSites {
  const EventIndex& events;
  const std::vector<Site>& sites;
  const TokenLists& lists;
};

// The `n` first in this order, highest first, the lower unit first among equals; without the unit
// itself and units that never fire with it. Requires: unit < events.n_units().
std::vector<Partner> partners_of(const EventsOfSites& in, uint64_t unit, PartnerOrder order,
                                 size_t n);

}  // namespace actogram
