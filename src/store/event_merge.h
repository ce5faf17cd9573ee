// Sorted runs of events, and the one sorted sequence that they make together.
//
// A part of that sequence is merged without the rest, so that threads can work on different parts:
// `between` cuts the same part out of every run, and where the parts end depends only on the events
// together, not on how they are divided into runs.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/event.h"

namespace actogram {

using EventRun = std::span<const Event>;
inline constexpr uint64_t kLastKey = std::numeric_limits<uint64_t>::max();

// The key of the event that has `rank` events before it. Requires: there are more than `rank`.
template <EventOrder kOrder>
uint64_t key_at(std::span<const EventRun> runs, uint64_t rank);

// What each run has with keys from `first` to `last`, both included; empty parts are left out.
template <EventOrder kOrder>
std::vector<EventRun> between(std::span<const EventRun> runs, uint64_t first, uint64_t last);

// Replaces what `into` holds.
template <EventOrder kOrder>
void merge(std::vector<EventRun> runs, std::vector<Event>& into);

}  // namespace actogram
