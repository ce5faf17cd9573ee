// The corpus as one reads it: a document token by token, coloured by a unit, and what fires at one
// of its tokens.
//
// Of a sparse unit every value is known. Of a neuron a recording keeps exemplars, so its values are
// known inside their windows and NaN elsewhere; likewise only neurons with a window over a token
// are listed there. Answering reads the document, or one pass over the places of all peaks, from
// the mapped files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "query/excerpt.h"

namespace actogram {

class Recording;
class UnitReader;

struct SequenceText {
  uint32_t sequence = 0;
  uint32_t chunk = 0;  // 0 for the document's first
  std::vector<Piece> pieces;
};

struct DocumentPage {
  uint64_t document = 0;
  std::string source, name;
  uint32_t n_sequences = 0;
  uint64_t n_tokens = 0;
  std::optional<uint64_t> previous, next;  // documents
  std::vector<SequenceText> sequences;
  std::optional<uint32_t> more;  // the chunk that the next part begins with
  // Whose values they are, and how far these reach over the corpus.
  std::optional<UnitAddress> unit;
  float min = 0, max = 0;
  uint64_t n_known = 0;  // tokens shown whose value is known
};

struct DocumentQuestion {
  uint64_t document = 0;
  uint32_t first_chunk = 0;
  std::string_view unit = {};  // "": none
  size_t max_tokens = 16384;   // the sequence that goes beyond is still whole
};

enum class FiringOrder : uint8_t { value, share };

// A unit at a token.
struct Firing {
  uint64_t unit = 0;  // row
  float value = 0;
  float share = 0;  // of its maximum, or where the value is negative, of its minimum
};

struct PlacePage {
  Excerpt around;  // its values are 0
  struct Kind {
    std::string_view name;  // "latents", "neurons"
    bool known = true;      // false where a data set did not sample this token
    uint64_t n_units = 0;   // that fire here, however many are listed
    std::vector<Firing> units;
  };
  std::vector<Kind> kinds;
};

// Thread-safe.
class DocumentViews {
 public:
  explicit DocumentViews(const Recording& recording);  // which outlives it
  ~DocumentViews();

  DocumentPage document(const DocumentQuestion& question) const;
  // Those of largest magnitude first, of value or of share.
  PlacePage place(const Place& at, FiringOrder order, size_t limit) const;

  std::string document_json(const DocumentQuestion& question) const;
  std::string place_json(const Place& at, FiringOrder order, size_t limit) const;

 private:
  PlacePage::Kind latents_at(uint64_t token) const;
  PlacePage::Kind neurons_at(const Place& at) const;

  const Recording& recording_;
  std::unique_ptr<UnitReader> units_;
};

}  // namespace actogram
