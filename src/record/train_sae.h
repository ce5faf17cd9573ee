// From documents to a trained SAE: `actogram train-sae`.
//
//   1. the corpus becomes tables of sequences               corpus_pass.h
//   2. some documents are held out                          training_split.h
//   3. the model's values at the site go to the disk        activation_files.h
//   4. a trainer reads them in random order                 sae/trainer.h
//   5. the weights are written as SAELens has them          sae/saelens_writer.h
//
// What does not fit into `buffer_bytes` at once is taken in rounds: steps 3 and 4 for the first
// tokens of the corpus, then for the next. Every step survives a kill; the same call goes on and
// ends in the same bytes. They depend on neither threads nor batch_rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "record/corpus_pass.h"
#include "sae/sae.h"

namespace actogram {

struct TrainSaeOptions {
  std::string model;   // a GGUF file, or fake:LAYERSxUNITS
  std::string output;  // NAME.safetensors, or a folder
  std::string site;    // "blocks.15.hook_resid_post", "15.resid_post"
  CorpusPassOptions corpus;

  uint32_t n_latents = 4096;
  uint32_t k = 32;
  InputNorm input_norm = InputNorm::layer_norm;  // or scale: rows of mean length sqrt(d_in)
  uint32_t epochs = 4;                           // how often each token is trained on
  uint32_t batch = 1024;                         // tokens of a step
  double learning_rate = 0;                      // 0: 2e-4 sqrt(16384 / n_latents)
  uint32_t k_aux = 0;                            // 0: half of the site's width
  uint64_t dead_tokens = 0;                      // 0: a tenth of all, at most 10 million
  uint64_t seed = 0;

  // Changes no number.
  uint32_t n_threads = 1;
  uint32_t batch_rows = 512;       // tokens that the model computes at once
  double checkpoint_seconds = 60;  // what a stopped training loses at most
  std::vector<std::string> command = {};

  // Disk for the model's values; more tokens are mixed with each other if it is larger.
  uint64_t buffer_bytes = uint64_t{4} << 30;
};

struct TrainSaeReport {
  uint64_t n_tokens = 0;  // read; each was trained on `epochs` times, but for those held out
  uint64_t n_held_out = 0;
  uint64_t n_steps = 0;
  double fvu = 0;
  double l0 = 0;
  double dead_share = 0;
  bool resumed = false;
};

// Error{invalid} for options that contradict each other or the model, before anything is computed.
TrainSaeReport train_sae(const TrainSaeOptions& options, const ProgressFn& progress);
std::string to_json_text(const TrainSaeReport& report, const std::string& output);

}  // namespace actogram
