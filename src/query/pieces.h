// Tokens and the bytes of their document, made into pieces of readable text.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "query/excerpt.h"

namespace actogram {

// `tokens` stand at positions `first_position` and up, with `values` beside them. Offsets that the
// text does not have are Error{corrupt}.
std::vector<Piece> pieces_of(std::string_view text, std::span<const Token> tokens,
                             uint32_t first_position, std::span<const float> values);

}  // namespace actogram
