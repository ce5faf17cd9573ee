// The texts that an imported data set's row indices mean: row i is document i, one sequence each.
#pragma once

#include <string>

#include "base/progress.h"
#include "codec/json.h"
#include "corpus/inputs.h"
#include "store/corpus_tables.h"

namespace actogram {

struct TextOptions {
  CorpusOptions corpus = {};   // one input; empty for none
  std::string tokenizer = {};  // a GGUF file: what token ids stand for; empty: they have no text
};

struct ImportedTexts {
  Json sources;  // for the manifest
  StoredFiles files;
  uint64_t n_rows = 0;
  uint64_t n_tokens = 0;  // of rows that are token ids
};

// Writes the corpus tables into `folder`. A row of text has no tokens: how it was cut is not known.
// Error{invalid} for chats, for several inputs, and for a null, after which rows would be others.
ImportedTexts import_texts(const TextOptions& options, const std::string& folder,
                           const ProgressFn& progress);

}  // namespace actogram
