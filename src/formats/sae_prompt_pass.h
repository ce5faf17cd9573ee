// The prompts of a data set of SAE activations become documents of one sequence each, in the order
// of the table of prompts, and then those that only events name. From then on a token has a number.
//
// What the published text was cut into is known with the model's tokenizer. Without one a prompt
// has as many tokens as positions are known of, which have no id and cover no bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/threads.h"
#include "formats/event_files.h"
#include "formats/sae_tables_folder.h"
#include "store/corpus_tables.h"

namespace actogram {

class PromptTokenizer;

struct PromptPass {
  std::vector<std::string> prompts;      // [document]
  std::vector<uint64_t> first_token{0};  // [document + 1]
  std::vector<bool> sampled;             // [token]
  StoredFiles files;
  uint64_t n_bytes = 0, n_invalid_bytes = 0;  // of the texts

  // Of the table of prompts, if it is there:
  bool has_table = false;
  uint32_t layer = 0;
  uint32_t width = 0;       // 0 without vectors
  uint32_t n_features = 0;  // one more than the highest that it names
  uint64_t n_published = 0;
  uint64_t n_repeated = 0;  // rows that are there again, the same: left out
  uint64_t n_samples = 0;

  uint64_t n_tokens() const { return first_token.back(); }
};

// Writes the corpus tables into `folder` and, where there is a table of prompts, prompts.arrow and
// sampled_positions.arrow. `scan` is of the events; `tokenizer` may be null.
PromptPass read_prompts(const SaeTablesFolder& tables, const EventScan& scan,
                        const PromptTokenizer* tokenizer, const std::string& source,
                        const std::string& folder, ThreadPool& pool, const ProgressFn& progress);

}  // namespace actogram
