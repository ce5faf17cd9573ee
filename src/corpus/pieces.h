// Where a long text may be cut so that its parts can be tokenised one at a time.
//
// Best is a place where tokenizers start anew anyway: after a line end and before something that is
// not space, or before a single space (which belongs to the word after it). Where a quarter of a
// piece has neither, any character's end will do. A piece depends on the text only.
#pragma once

#include <cstddef>
#include <string_view>

namespace actogram {

inline constexpr size_t kPieceBytes = 1 << 18;

// The end of the piece that starts at `begin`; text.size() for the last one.
// Requires: begin < text.size().
size_t piece_end(std::string_view text, size_t begin);

}  // namespace actogram
