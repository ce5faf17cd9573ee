// The first pass: documents to sequences of tokens, written to the corpus tables. It runs before
// the model, so everything after it knows how much there is to do, and a stopped recording need not
// read the corpus again. Cheap beside the model: some million tokens a second.
#pragma once

#include <string>

#include "actogram/tokenizer.h"
#include "base/progress.h"
#include "codec/json.h"
#include "corpus/corpus.h"
#include "corpus/sequencer.h"
#include "store/corpus_tables.h"

namespace actogram {

// Shard i of n takes the documents whose number in the corpus is i modulo n.
struct Shard {
  uint32_t index = 0;
  uint32_t count = 1;

  bool operator==(const Shard&) const = default;
};

struct CorpusPassOptions {
  CorpusOptions corpus;
  SequenceOptions sequences;
  uint64_t max_tokens = 0;  // of the whole corpus, all shards together; 0: no limit
  Shard shard;
};

// What of them shapes the numbers, beside the inputs: for a manifest and for the identity of a run.
Json to_json(const CorpusPassOptions& options);
// How a manifest's options say that texts were cut; Error{corrupt} where they do not.
SequenceOptions sequence_options(const Json& options, const std::string& what);

struct CorpusPassResult {
  Json summary;  // sources and counts, for the manifest
  StoredFiles files;
};

// Error{invalid} if nothing is left to record: no document, or none with a token in it.
CorpusPassResult read_corpus(const CorpusPassOptions& options, const Tokenizer& tokenizer,
                             const std::string& folder, const ProgressFn& progress);

}  // namespace actogram
