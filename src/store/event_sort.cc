#include "store/event_sort.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace actogram {
namespace {

constexpr int kMostDigitBits = 11;  // 2,048 places to write to: they fit the second-level cache

struct Digit {
  uint32_t Event::*number;
  int shift;
  uint32_t mask;

  uint32_t of(const Event& event) const { return (event.*number >> shift) & mask; }
};

// Copies `from` to `to` in the order of one digit; false, and nothing done, where all have the
// same.
bool pass(std::span<const Event> from, std::span<Event> to, const Digit& digit) {
  std::array<size_t, size_t{1} << kMostDigitBits> counts = {};
  for (const Event& event : from) ++counts[digit.of(event)];
  if (counts[digit.of(from.front())] == from.size()) return false;
  size_t begin = 0;
  for (size_t& count : counts) begin += std::exchange(count, begin);
  for (const Event& event : from) to[counts[digit.of(event)]++] = event;
  return true;
}

// Sorts by one number; `events` and `scratch` have changed places where that took an odd number of
// passes.
void sort_by(uint32_t Event::*number, int bits, std::span<Event>& events,
             std::span<Event>& scratch) {
  const int n_digits = (bits + kMostDigitBits - 1) / kMostDigitBits;
  for (int shift = 0, i = 0; i < n_digits; ++i) {
    const int digit_bits = (bits - shift) / (n_digits - i);
    if (pass(events, scratch, {number, shift, (uint32_t{1} << digit_bits) - 1})) {
      std::swap(events, scratch);
    }
    shift += digit_bits;
  }
}

bool in_order(EventOrder order, std::span<const Event> events) {
  return order == EventOrder::by_token
             ? std::ranges::is_sorted(events, {}, key_of<EventOrder::by_token>)
             : std::ranges::is_sorted(events, {}, key_of<EventOrder::by_unit>);
}

}  // namespace

void sort_events(EventOrder order, std::span<Event> events, std::span<Event> scratch,
                 EventBits bits) {
  assert(events.size() == scratch.size());
  if (in_order(order, events)) return;
  std::span<Event> sorted = events;
  if (order == EventOrder::by_token) {
    sort_by(&Event::unit, bits.unit, sorted, scratch);
    sort_by(&Event::token, bits.token, sorted, scratch);
  } else {
    if (!in_order(EventOrder::by_token, events)) {
      sort_by(&Event::token, bits.token, sorted, scratch);
    }
    sort_by(&Event::unit, bits.unit, sorted, scratch);
  }
  if (sorted.data() != events.data()) std::ranges::copy(sorted, events.begin());
}

}  // namespace actogram
