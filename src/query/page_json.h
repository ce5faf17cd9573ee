// What more than one page shows, as the JSON of docs/api.md.
#pragma once

#include "codec/json_text.h"
#include "query/excerpt.h"

namespace actogram {

void write(JsonText& text, const Piece& piece);
void write(JsonText& text, const Excerpt& excerpt);
// Its members but for what was read: where it is, and its value.
void write_frame(JsonText& text, const Excerpt& excerpt);

template <typename T>
void write(JsonText& text, const std::vector<T>& list) {
  text.open('[');
  for (const T& item : list) write(text, item);
  text.close(']');
}

// As trees, for pages of a few of them.
Json to_json(const Piece& piece);
Json to_json(const Excerpt& excerpt);

}  // namespace actogram
