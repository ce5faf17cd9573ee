// Excerpts as the pages fetch them: docs/api.md, /api/packed. A text in one string and its values
// in another, where other documents have an object for each token; a fifth of their bytes, and of
// the time that it takes to write them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/json_text.h"
#include "core/unit_record.h"
#include "query/excerpt.h"
#include "store/corpus_tables.h"

namespace actogram {

class Recording;

// Writes one after another; keeps its memory. One thread.
class PackedExcerpts {
 public:
  PackedExcerpts(const Recording& recording, JsonText& text) : recording_(recording), text_(text) {}

  // Error{corrupt} as excerpt_of().
  void write(const KeptPeak& peak, const ExcerptPairs* pairs);
  void write(const Excerpt& excerpt);

 private:
  // A window's text as lengths of its pieces.
  struct Columns {
    std::string room;       // of `text`, where it is not a document's as it is
    std::string_view text;  // of all pieces
    std::vector<uint64_t> lengths;
    std::vector<std::pair<uint32_t, uint32_t>> shared;  // pieces of several tokens, and how many
    std::vector<uint32_t> invalid;                      // pieces that hold bytes that are not UTF-8
    std::vector<int32_t> ids;
    std::vector<float> values;
  };

  bool take_as_it_is(std::string_view document, const TokenColumns& tokens);
  void take(const std::vector<Piece>& pieces);
  void write(const Excerpt& frame, std::span<const int32_t> ids, std::span<const float> values,
             const ExcerptPairs* pairs);

  const Recording& recording_;
  JsonText& text_;
  Columns columns_;
  TokenRoom room_;
};

}  // namespace actogram
