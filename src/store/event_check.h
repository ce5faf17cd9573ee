// Whether the tables of events agree with one another, event by event: `actogram check`.
#pragma once

#include <string>
#include <vector>

#include "store/event_index.h"

namespace actogram {

// The first problems, each a sentence; none where every event is in both orders with the same
// value, in order and once, and counts and sums are those of the events. Memory is 8 bytes a unit.
std::vector<std::string> problems_of(const EventIndex& events);

}  // namespace actogram
