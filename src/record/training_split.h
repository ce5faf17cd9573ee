// Which sequences of a corpus train, and which are held out to measure on.
//
// A sixteenth of the documents is held out, chosen by a hash of their text: the same text is on one
// side, however often it occurs, and the choice depends neither on the seed nor on other documents.
// Where there are fewer than 64 documents, as with a book in one file, sequences are chosen
// instead.
#pragma once

#include <cstdint>
#include <vector>

#include "store/corpus_tables.h"

namespace actogram {

struct TrainingSplit {
  std::vector<uint32_t> training = {};  // sequences, in corpus order
  std::vector<uint32_t> held_out = {};  // likewise, at most kMaxHeldOutTokens of them
  bool by_document = true;
};

inline constexpr uint64_t kMaxHeldOutTokens = 16'384;  // more would only take time

// Each side has a sequence at least: Error{invalid} for a corpus of fewer than two.
TrainingSplit split_corpus(const CorpusTables& corpus);

}  // namespace actogram
