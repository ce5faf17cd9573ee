// The options that the verbs share which run a model over a corpus: what it reads, and how it runs.
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

// --threads, --batch-rows, --checkpoint-seconds, in the group kRunningGroup. `run` is what a
// stopped one is called.
inline constexpr const char* kRunningGroup = "Running (changes no number)";
struct RunningFlags {
  uint32_t& n_threads;
  uint32_t& batch_rows;
  double& checkpoint_seconds;
};
void add_running_flags(CLI::App& app, const RunningFlags& into, const std::string& run);

}  // namespace actogram
