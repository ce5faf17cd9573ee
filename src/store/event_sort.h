// Puts events in order: radix sort, least significant digit first. Linear, stable, and a pass is
// left out where all events have the same digit. What is in order already is only looked at.
#pragma once

#include <span>

#include "core/event.h"

namespace actogram {

// How many bits the numbers of tokens and of units have.
struct EventBits {
  int token = 32;
  int unit = 32;
};

// `scratch` is as long as `events`; what it holds afterwards means nothing.
void sort_events(EventOrder order, std::span<Event> events, std::span<Event> scratch,
                 EventBits bits);

}  // namespace actogram
