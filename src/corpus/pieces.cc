#include "corpus/pieces.h"

#include "codec/utf8.h"

namespace actogram {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool follows_line_end(std::string_view text, size_t at) {
  return text[at - 1] == '\n' && !is_space(text[at]);
}

bool precedes_single_space(std::string_view text, size_t at) {
  return text[at] == ' ' && !is_space(text[at - 1]) && !is_space(text[at + 1]);
}

}  // namespace

size_t piece_end(std::string_view text, size_t begin) {
  if (text.size() - begin <= kPieceBytes) return text.size();
  // Below text.size() - 1, so that the byte after it can be looked at.
  const size_t latest = begin + kPieceBytes - 1;
  const size_t earliest = latest - kPieceBytes / 4;
  for (const auto good : {follows_line_end, precedes_single_space}) {
    for (size_t at = latest; at > earliest; --at) {
      if (good(text, at)) return at;
    }
  }
  return character_start(text, latest);
}

}  // namespace actogram
