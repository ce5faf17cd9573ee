#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <thread>

#include "cli/number_list.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "query/facts.h"
#include "record/record.h"

namespace actogram {
namespace {

struct Typed {
  RecordOptions options;
  std::string layers;
  std::string shard;
};

void add_corpus_options(CLI::App& app, CorpusPassOptions& corpus) {
  SequenceOptions& sequences = corpus.sequences;
  app.add_option("--context", sequences.context, "tokens of a sequence, BOS included")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 20));
  app.add_option("--tokens", corpus.max_tokens,
                 "stop after so many tokens; inputs take turns by document (0: no limit)")
      ->capture_default_str();
  using Long = SequenceOptions::LongDocuments;
  app.add_option("--long-documents", sequences.long_documents,
                 "what is longer than the context: 'split' into sequences, or 'truncate'")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Long>{{"split", Long::split}, {"truncate", Long::truncate}}))
      ->default_str("split");
  using Bos = SequenceOptions::Bos;
  app.add_option("--bos", sequences.bos,
                 "begin each sequence with BOS: 'auto' as the model's file says, 'always', 'never'")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Bos>{
          {"auto", Bos::automatic}, {"always", Bos::always}, {"never", Bos::never}}))
      ->default_str("auto");
  app.add_option("--column", corpus.corpus.column,
                 "column of JSON lines and Parquet (default: text, else messages)");
  app.add_option("--id-column", corpus.corpus.id_column, "column that names the documents");
  using Format = CorpusOptions::StdinFormat;
  app.add_option("--stdin-format", corpus.corpus.stdin_format, "'text' or 'jsonl'")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Format>{{"text", Format::text}, {"jsonl", Format::jsonl}}))
      ->default_str("text");
}

void add_exemplar_options(CLI::App& app, CollateOptions& collate) {
  app.add_option("--top", collate.top, "sequences with the highest maximum, for each unit")
      ->capture_default_str();
  app.add_option("--bottom", collate.bottom, "sequences with the lowest minimum")
      ->capture_default_str();
  app.add_option("--random", collate.random, "sequences drawn uniformly")->capture_default_str();
  app.add_option("--per-bucket", collate.per_bucket,
                 "sequences drawn from each of five quantile buckets of the maximum")
      ->capture_default_str();
  app.add_option("--window", collate.window, "tokens kept around a peak")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 16));
}

void add_running_options(CLI::App& app, RecordOptions& options) {
  options.recorder.collation.n_threads = std::max(1u, std::thread::hardware_concurrency());
  app.add_option("--threads", options.recorder.collation.n_threads,
                 "threads; the result does not depend on it")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1024u));
  app.add_option("--batch-rows", options.batch_rows, "tokens that the model computes at once")
      ->capture_default_str()
      ->check(CLI::Range(16u, 4096u));
  app.add_option("--checkpoint-seconds", options.recorder.checkpoint_seconds,
                 "a run that is stopped loses at most so much")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--buffer-bytes", options.recorder.collation.window_buffer_bytes,
                 "memory for windows before they go to the disk")
      ->capture_default_str();
}

Shard parse_shard(const std::string& text) {
  Shard shard;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%u/%u%c", &shard.index, &shard.count, &rest) != 2) {
    fail(Code::invalid, "--shard {}: write i/N, for example 0/4 for the first of four", text);
  }
  return shard;
}

}  // namespace

Action add_record(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<Typed>();
  RecordOptions& options = typed->options;
  app.add_option("MODEL", options.model, "a GGUF file")->required();
  app.add_option(
         "CORPUS", options.corpus.corpus.inputs,
         "text files, folders, .jsonl, .parquet, or - for standard input; NAME=PATH names a "
         "sub-corpus")
      ->required();
  app.add_option("-o,--output", options.output, "the recording to make, NAME.acto")->required();
  add_corpus_options(app, options.corpus);
  app.add_option("--layers", typed->layers, "layers to record, for example 0-5,12 (default: all)");
  app.add_option("--shard", typed->shard, "record part i of N, for example 0/4; merge them later");
  add_exemplar_options(app, options.recorder.collation.collate);
  add_running_options(app, options);

  return [typed, &invocation] {
    RecordOptions& o = typed->options;
    o.layers = parse_number_list(typed->layers);
    if (!typed->shard.empty()) o.corpus.shard = parse_shard(typed->shard);
    o.command = invocation.command;
    RecordReport report;
    {
      ProgressBar bar;
      report = record(o, bar.callback());
    }
    if (invocation.json) {
      std::printf("%s\n", to_json_text(report, o.output).c_str());
      return 0;
    }
    std::printf("%s: %s units over %s tokens, %s\n", o.output.c_str(),
                readable_count(report.n_units).c_str(), readable_count(report.n_tokens).c_str(),
                readable_bytes(report.n_bytes).c_str());
    return 0;
  };
}

}  // namespace actogram
