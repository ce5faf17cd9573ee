#include "cli/corpus_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "cli/help.h"

namespace actogram {

void add_corpus_argument(CLI::App& app, CorpusPassOptions& corpus) {
  app.add_option("CORPUS", corpus.corpus.inputs,
                 "text files, folders, .jsonl, .parquet, .arrow, or - for standard input;\n"
                 "NAME=PATH gives it a name of its own")
      ->required();
}

void add_corpus_flags(CLI::App& app, CorpusPassOptions& corpus) {
  constexpr const char* kGroup = "The text";
  app.add_option("--tokens", corpus.max_tokens,
                 "stop after so many tokens; inputs take turns by document; 0: no limit")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--column", corpus.corpus.column,
                 "column of JSON lines, Parquet and Arrow (default: text, messages or input_ids)")
      ->type_name("NAME")
      ->group(kGroup);
  app.add_option("--id-column", corpus.corpus.id_column,
                 "column that names the documents (default: file and line)")
      ->type_name("NAME")
      ->group(kGroup);
  using Format = CorpusOptions::StdinFormat;
  add_choice<Format>(app, "--stdin-format", corpus.corpus.stdin_format,
                     {{"text", Format::text}, {"jsonl", Format::jsonl}},
                     "what standard input holds: one document, or one a line")
      ->group(kGroup);
}

void add_sequence_flags(CLI::App& app, SequenceOptions& sequences) {
  constexpr const char* kGroup = "What the model reads";
  app.add_option("--context", sequences.context, "tokens of a sequence, BOS included")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 20))
      ->group(kGroup);
  using Long = SequenceOptions::LongDocuments;
  add_choice<Long>(app, "--long-documents", sequences.long_documents,
                   {{"split", Long::split}, {"truncate", Long::truncate}},
                   "cut what is longer into sequences, or drop the rest")
      ->group(kGroup);
  using Bos = SequenceOptions::Bos;
  add_choice<Bos>(
      app, "--bos", sequences.bos,
      {{"auto", Bos::automatic}, {"always", Bos::always}, {"never", Bos::never}, {"eos", Bos::eos}},
      "begin each sequence with BOS; auto: as the model's file says; eos: with the\n"
      "token that ends texts, as TransformerLens does where there is no BOS")
      ->group(kGroup);
}

void add_running_flags(CLI::App& app, const RunningFlags& into, const std::string& run) {
  into.n_threads = std::max(1u, std::thread::hardware_concurrency());
  app.add_option("--threads", into.n_threads, "processor threads")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1024u))
      ->group(kRunningGroup);
  app.add_option("--batch-rows", into.batch_rows, "tokens that the model computes at once")
      ->capture_default_str()
      ->check(CLI::Range(16u, 4096u))
      ->group(kRunningGroup);
  app.add_option("--checkpoint-seconds", into.checkpoint_seconds,
                 "a " + run + " that is stopped loses at most so much")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->group(kRunningGroup);
}

}  // namespace actogram
