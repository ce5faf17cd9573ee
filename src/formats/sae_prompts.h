// The table of prompts of a data set of SAE activations (sae_tables_folder.h): a row a prompt, with
// what the model had at its sampled tokens and what the SAE made of it.
//
//   prompt_id               string
//   prompt                  string: JSON messages, or a text
//   sampled_positions       list of integers
//   activations_layerN      binary: float32, [position, width], packed
//   sae_representation      binary: JSON, [[[feature, value], ...], ...], a list a position, packed
//   active_sae_feature_ids  list of integers
//
// How a binary is packed is nowhere said, so it is found out (codec/compression.h) and checked
// against positions and width; numbers that only begin like a packed stream are taken for numbers.
// Batches of rows are unpacked by all threads and handed over in order. Memory is that of a batch.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/threads.h"
#include "codec/compression.h"
#include "codec/pair_lists.h"

namespace actogram {

struct SaePrompt {
  std::string where;  // file and row, for errors
  std::string id;
  std::string prompt;
  std::vector<uint32_t> positions;  // as published: in any order, perhaps twice
  std::vector<float> activations;   // [position, width]; empty for null
  PairLists pairs;                  // [position]; empty for null
  std::vector<uint32_t> active_features;
  std::optional<Compression> activations_packed, pairs_packed;  // nothing for null
};

class SaePromptFiles {
 public:
  static constexpr uint32_t kMostFeatures = uint32_t{1} << 24;
  static constexpr uint32_t kMostTokens = uint32_t{1} << 24;  // of a prompt: beyond any model

  // Error{not_found} for a column that is missing; Error{corrupt} where the files are of different
  // layers. `width`, where the card says it.
  SaePromptFiles(std::vector<std::string> files, std::optional<uint32_t> width);

  uint32_t layer() const { return layer_; }
  uint64_t n_rows() const { return n_rows_; }
  // Of the vectors; 0 until one was read, if the card does not say.
  uint32_t width() const { return width_; }

  // `prepare` is called for each row on any thread, `take` afterwards in the order of the rows.
  using Prepare = std::function<void(const SaePrompt& prompt, size_t row, size_t thread)>;
  using Take = std::function<void(SaePrompt& prompt, size_t row)>;
  // `row` counts inside a batch, from 0 to below kBatchRows.
  static constexpr size_t kBatchRows = 64;
  void read(ThreadPool& pool, const Prepare& prepare, const Take& take);

 private:
  void check_width(const SaePrompt& prompt);

  std::vector<std::string> files_;
  uint32_t layer_ = 0;
  uint32_t width_ = 0;
  uint64_t n_rows_ = 0;
};

}  // namespace actogram
