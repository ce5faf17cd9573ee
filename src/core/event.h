// An event: a sparse unit's value at a token, where it is not zero. SAE latents are kept as these.
//
// `token` is the row of tokens.arrow, `unit` the row of units.arrow: a recording's own numbers for
// a place and for a unit of any of its sites. A unit has one value at a token, so (token, unit) is
// there once. Both orders put an event's two numbers into one key.
#pragma once

#include <cstdint>

namespace actogram {

struct Event {
  uint32_t token = 0;
  uint32_t unit = 0;
  float value = 0;

  bool operator==(const Event&) const = default;
};

enum class EventOrder : uint8_t { by_token, by_unit };

template <EventOrder kOrder>
constexpr uint64_t key_of(const Event& event) {
  return kOrder == EventOrder::by_token ? uint64_t{event.token} << 32 | event.unit
                                        : uint64_t{event.unit} << 32 | event.token;
}

}  // namespace actogram
