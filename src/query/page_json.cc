#include "query/page_json.h"

namespace actogram {

Json to_json(const Piece& piece) {
  Json tokens = Json::array();
  for (const PieceToken& token : piece.tokens) {
    tokens.push_back({{"position", token.position}, {"id", token.id}, {"value", token.value}});
  }
  Json json = {{"text", piece.text}, {"tokens", std::move(tokens)}};
  if (!piece.valid) json["invalid"] = true;
  return json;
}

Json to_json(const Excerpt& excerpt) {
  Json pieces = Json::array();
  for (const Piece& piece : excerpt.pieces) pieces.push_back(to_json(piece));
  Json json = {
      {"sequence", excerpt.at.sequence},
      {"position", excerpt.at.position},
      {"value", excerpt.value},
      {"document",
       {{"index", excerpt.document}, {"source", excerpt.source}, {"name", excerpt.document_name}}},
      {"window",
       {{"begin", excerpt.window_begin},
        {"end", excerpt.window_end},
        {"n_tokens", excerpt.n_tokens}}},
      {"pieces", std::move(pieces)}};
  if (!excerpt.pairs) return json;
  json["key"] = excerpt.pairs->key;
  json["pattern"] = excerpt.pairs->pattern;
  json["key_norms"] = excerpt.pairs->key_norms;
  return json;
}

}  // namespace actogram
