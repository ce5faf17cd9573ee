// What a data set of SAE activations says of its prompts beyond their events: the text as it was
// published, which tokens were sampled, and for each of these the model's own vector and the
// decomposition as published (prompts.arrow, sampled_positions.arrow; docs/format.md). Written
// once, prompt after prompt, and read in the same order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/compression.h"
#include "store/corpus_tables.h"
#include "store/list_column.h"
#include "store/manifest.h"
#include "store/table_cursor.h"

namespace actogram {

// A row of prompts.arrow, without its samples.
struct PromptRow {
  std::string_view prompt = {};  // as published
  bool published = false;  // false where only events name the prompt; then there is nothing else
  std::optional<Compression> activations = {};  // how they were packed; nothing: they were left out
  std::optional<Compression> representation = {};  // likewise
  std::span<const uint32_t> active_units = {};     // index at the site, as published
};

// A row of sampled_positions.arrow.
struct SampleRow {
  uint32_t token = 0;                      // row of tokens.arrow
  std::span<const uint32_t> units = {};    // index at the site
  std::span<const double> values = {};     // of each unit, as published
  std::span<const float> activation = {};  // [width] what the SAE was given
};

class PromptWriter {
 public:
  explicit PromptWriter(const std::string& folder);

  // The prompt of the next document, then its samples.
  void add_prompt(const PromptRow& prompt);
  void add_sample(const SampleRow& sample);
  void finish(StoredFiles& files);

 private:
  void flush_prompts();
  void flush_samples();

  TableWriter prompts_;
  TableWriter samples_;
  struct Prompts {
    ListColumn<char> prompt;
    std::vector<uint8_t> published, activations, representation;
    std::vector<uint64_t> first_sample;
    std::vector<uint32_t> n_samples;
    ListColumn<uint32_t> active_units;
  } prompt_rows_;
  struct Samples {
    std::vector<uint32_t> token;
    ListColumn<uint32_t> units;
    ListColumn<double> values;
    ListColumn<float> activation;
  } sample_rows_;
  uint64_t n_samples_ = 0;
};

class PromptTables {
 public:
  explicit PromptTables(const std::string& folder);

  uint64_t n_prompts() const { return prompts_.n_rows(); }
  uint64_t n_samples() const { return samples_.n_rows(); }

  struct Samples {
    uint64_t first = 0;  // row of sampled_positions.arrow
    uint32_t n = 0;
  };
  // What they look at is valid until the next call. Requires: the row is below the number of rows.
  PromptRow prompt(uint64_t row);
  Samples samples_of(uint64_t row);
  SampleRow sample(uint64_t row);

 private:
  TableCursor prompts_;
  TableCursor samples_;
};

// The site that the tables are of, among the manifest's. Error{corrupt} where it names none.
size_t published_site(const Manifest& manifest);

// The first problems, each a sentence: samples that are not a prompt's, tokens and units beyond
// the recording, lists of different lengths.
std::vector<std::string> problems_of(PromptTables& prompts, const CorpusTables& corpus,
                                     uint32_t n_units);

}  // namespace actogram
