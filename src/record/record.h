// From documents to a recording: this file and record.cc are the whole flow on one page.
//
//   1. the corpus becomes tables of sequences        corpus_pass.h
//   2. the sequences run through the source          recorder.h
//   3. the manifest commits the result               work_folder.h
//
// Each step that is done survives a kill; the same call goes on with the next.
#pragma once

#include <string>
#include <vector>

#include "actogram/source.h"
#include "actogram/tokenizer.h"
#include "base/progress.h"
#include "record/corpus_pass.h"
#include "record/recorded_sae.h"
#include "record/recorder.h"

namespace actogram {

struct RecordOptions {
  // A GGUF file, or fake:LAYERSxUNITS or fake:LAYERSxUNITSxHEADS for trying things out without one.
  std::string model;
  std::string output;  // NAME.acto
  CorpusPassOptions corpus;
  RecorderOptions recorder;
  std::vector<uint32_t> layers = {};  // of neurons and heads; empty: all
  bool neurons = true;
  bool heads = false;  // attention heads
  std::vector<SaeSpec> saes = {};
  bool attribution = false;   // of SAEs that read what attention writes: the shares of the keys
  bool refactor_glu = false;  // show gated neurons with those signs; changes no number
  uint32_t batch_rows = 512;  // rows that the model computes at once
  std::vector<std::string> command = {};  // for the provenance
};

struct RecordReport {
  uint64_t n_tokens = 0;
  uint64_t n_sequences = 0;
  uint64_t n_units = 0;
  uint64_t n_bytes = 0;
  bool resumed = false;
};

RecordReport record(const RecordOptions& options, const ProgressFn& progress);
std::string to_json_text(const RecordReport& report, const std::string& output);

// The same for values that come from anywhere: `source` computes them, `tokenizer` cuts the text,
// `model` describes it for the manifest. What record() does after it has opened the model.
RecordReport record_source(ActivationSource& source, const Tokenizer& tokenizer, const Json& model,
                           const RecordOptions& options, const ProgressFn& progress);

}  // namespace actogram
