#include "query/pieces.h"

#include "actogram/error.h"
#include "codec/utf8.h"

namespace actogram {
namespace {

bool on_boundary(std::string_view text, uint64_t at) { return character_start(text, at) == at; }

}  // namespace

std::vector<Piece> pieces_of(std::string_view text, std::span<const Token> tokens,
                             uint32_t first_position, std::span<const float> values) {
  std::vector<Piece> pieces;
  pieces.reserve(tokens.size());
  for (size_t i = 0; i < tokens.size();) {
    Piece piece;
    uint64_t begin = tokens[i].begin, end = tokens[i].end;
    do {
      if (tokens[i].begin > tokens[i].end || tokens[i].end > text.size()) {
        fail(Code::corrupt, "a token covers the bytes {} to {} of a text of {}", tokens[i].begin,
             tokens[i].end, text.size());
      }
      end = tokens[i].end;
      piece.tokens.push_back({first_position + static_cast<uint32_t>(i), tokens[i].id, values[i]});
      ++i;
    } while (i < tokens.size() && !on_boundary(text, end));
    // A window may begin or end inside a character; it is shown whole all the same.
    if (begin < end) {
      begin = character_start(text, begin);
      if (const uint64_t start = character_start(text, end); start < end) {
        end = start + character_bytes(text, start);
      }
    }
    const std::string_view covered = text.substr(begin, end - begin);
    piece.valid = is_utf8(covered);
    piece.text = printable(covered);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace actogram
