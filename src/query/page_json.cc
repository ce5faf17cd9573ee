#include "query/page_json.h"

namespace actogram {
namespace {

template <typename T>
Json tree_of(const T& value) {
  JsonText text;
  write(text, value);
  return parse_json(text.take(), "our own JSON");
}

}  // namespace

void write(JsonText& text, const Piece& piece) {
  text.open('{').member("text", piece.text).key("tokens").open('[');
  for (const PieceToken& token : piece.tokens) {
    text.open('{')
        .member("position", token.position)
        .member("id", token.id)
        .member("value", token.value)
        .close('}');
  }
  text.close(']');
  if (!piece.valid) text.member("invalid", true);
  text.close('}');
}

void write_frame(JsonText& text, const Excerpt& excerpt) {
  text.member("sequence", excerpt.at.sequence)
      .member("position", excerpt.at.position)
      .member("value", excerpt.value);
  text.key("document")
      .open('{')
      .member("index", excerpt.document)
      .member("source", excerpt.source)
      .member("name", excerpt.document_name)
      .close('}');
  text.key("window")
      .open('{')
      .member("begin", excerpt.window_begin)
      .member("end", excerpt.window_end)
      .member("n_tokens", excerpt.n_tokens)
      .close('}');
}

void write(JsonText& text, const Excerpt& excerpt) {
  text.open('{');
  write_frame(text, excerpt);
  text.key("pieces");
  write(text, excerpt.pieces);
  if (excerpt.pairs) {
    text.member("key", excerpt.pairs->key)
        .member("pattern", std::span(excerpt.pairs->pattern))
        .member("key_norms", std::span(excerpt.pairs->key_norms));
  }
  text.close('}');
}

Json to_json(const Piece& piece) { return tree_of(piece); }
Json to_json(const Excerpt& excerpt) { return tree_of(excerpt); }

}  // namespace actogram
