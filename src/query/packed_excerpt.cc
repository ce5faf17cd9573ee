#include "query/packed_excerpt.h"

#include "codec/utf8.h"
#include "query/page_json.h"
#include "query/pieces.h"
#include "query/recording_excerpt.h"

namespace actogram {
namespace {

// Within valid UTF-8, the bytes that begin no character.
bool goes_on(char byte) { return (static_cast<uint8_t>(byte) & 0xc0) == 0x80; }

}  // namespace

// Tokens that follow each other without a gap, over a text that is UTF-8 and begins and ends with
// whole characters: nearly all windows. What pieces_of() says of them, without making pieces.
bool PackedExcerpts::take_as_it_is(std::string_view document, const TokenColumns& tokens) {
  if (tokens.size() == 0) return false;
  const uint64_t begin = tokens.begins.front(), end = tokens.ends.back();
  if (begin > end || end > document.size()) return false;
  const auto torn = [&](uint64_t at) { return at < document.size() && goes_on(document[at]); };
  const std::string_view text = document.substr(begin, end - begin);
  if (torn(begin) || torn(end) || !is_utf8(text)) return false;
  columns_.text = text;
  uint64_t at = begin, piece = begin;
  uint32_t n_in_piece = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens.begins[i] != at || tokens.ends[i] < at) return false;
    at = tokens.ends[i];
    ++n_in_piece;
    if (at < end && goes_on(document[at])) continue;
    if (n_in_piece > 1) {
      columns_.shared.emplace_back(static_cast<uint32_t>(columns_.lengths.size()), n_in_piece);
    }
    columns_.lengths.push_back(at - piece);
    piece = at;
    n_in_piece = 0;
  }
  return true;
}

void PackedExcerpts::take(const std::vector<Piece>& pieces) {
  Columns& c = columns_;
  c.shared.clear(), c.invalid.clear(), c.lengths.clear();
  c.room.clear(), c.ids.clear(), c.values.clear();
  for (const Piece& piece : pieces) {
    const auto index = static_cast<uint32_t>(c.lengths.size());
    if (piece.tokens.size() > 1) {
      c.shared.emplace_back(index, static_cast<uint32_t>(piece.tokens.size()));
    }
    if (!piece.valid) c.invalid.push_back(index);
    c.lengths.push_back(piece.text.size());
    c.room += piece.text;
    for (const PieceToken& token : piece.tokens) {
      c.ids.push_back(token.id);
      c.values.push_back(token.value);
    }
  }
  c.text = c.room;
}

void PackedExcerpts::write(const KeptPeak& peak, const ExcerptPairs* pairs) {
  columns_.lengths.clear(), columns_.shared.clear(), columns_.invalid.clear();
  const ExcerptSource source = source_of(recording_, peak, room_);
  if (take_as_it_is(source.document.text, source.tokens)) {
    return write(source.frame, source.tokens.ids, peak.window, pairs);
  }
  take(pieces_of(source.document.text, source.tokens.rows(), peak.window_begin, peak.window));
  write(source.frame, columns_.ids, columns_.values, pairs);
}

void PackedExcerpts::write(const Excerpt& excerpt) {
  take(excerpt.pieces);
  write(excerpt, columns_.ids, columns_.values, excerpt.pairs ? &*excerpt.pairs : nullptr);
}

void PackedExcerpts::write(const Excerpt& frame, std::span<const int32_t> ids,
                           std::span<const float> values, const ExcerptPairs* pairs) {
  text_.open('{');
  write_frame(text_, frame);
  text_.member("text", columns_.text).member("lengths", std::span(columns_.lengths));
  if (!columns_.shared.empty()) {
    text_.key("shared").open('[');
    for (const auto& [piece, n] : columns_.shared) text_.open('[').add(piece).add(n).close(']');
    text_.close(']');
  }
  if (!columns_.invalid.empty()) text_.member("invalid", std::span(columns_.invalid));
  text_.key("ids").add_packed(ids).key("values").add_packed(values);
  if (pairs != nullptr) {
    text_.member("key", pairs->key)
        .key("pattern")
        .add_packed(std::span<const float>(pairs->pattern));
    text_.key("key_norms").add_packed(std::span<const float>(pairs->key_norms));
  }
  text_.close('}');
}

}  // namespace actogram
