// The options that say what the model reads: shared by the verbs that run a model over a corpus.
#pragma once

#include <CLI/App.hpp>

#include "record/corpus_pass.h"

namespace actogram {

// CORPUS. What is passed must outlive the parsing, here and below.
void add_corpus_argument(CLI::App& app, CorpusPassOptions& corpus);

// --tokens, --column, --id-column, --stdin-format.
void add_corpus_flags(CLI::App& app, CorpusPassOptions& corpus);

// --context, --long-documents, --bos.
void add_sequence_flags(CLI::App& app, SequenceOptions& sequences);

}  // namespace actogram
