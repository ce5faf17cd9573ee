// What each key gave a latent, for the tokens of a window: attributions.arrow, as a triangle of
// pairs like that of an attention head.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "query/excerpt.h"

namespace actogram {

class Recording;

// All keys of the event that this unit has at a token, from the sequence's first to the token's
// own; none where it is not on there, or its SAE was recorded without them. `unit_row` and `token`
// are rows of units.arrow and tokens.arrow. A view that lives as long as the recording.
std::span<const float> keys_of_event(const Recording& recording, uint64_t unit_row, uint64_t token);

// Positions [begin, begin + n) of a sequence; rows of queries where the latent is off are 0, and
// keys before the window are left out. `key` is the window's strongest of the query at `peak`.
// Nothing where the unit's SAE was recorded without attribution.
std::optional<ExcerptPairs> pairs_of_latent(const Recording& recording, uint64_t unit_row,
                                            Place peak, uint32_t begin, uint32_t n);

}  // namespace actogram
