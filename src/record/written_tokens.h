// The tokens that a unit writes up and down: its logit lens, by the model that a server runs.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "base/threads.h"
#include "model/llama_tokenizer.h"
#include "model/logit_lens.h"

namespace actogram {

class LiveModel;
class Recording;
class ReopenedSaes;

// Thread-safe; one question at a time, each with all processors.
class WrittenTokens {
 public:
  // `live` is of the recording's model; all three must outlive this.
  WrittenTokens(const Recording& recording, const LiveModel& live, ReopenedSaes& saes);

  // The JSON of docs/api.md: the `limit` tokens with the highest and the lowest effect of a value
  // of 1, or why none is known.
  std::string json(const UnitAddress& unit, size_t limit);

 private:
  // What a value of 1 writes, as a vector at a site.
  struct Written {
    std::string site;
    std::vector<float> vector;
  };

  Written written_by(const UnitAddress& unit) const;
  Written written_by_latent(const UnitAddress& unit) const;

  const Recording& recording_;
  const LlamaModel* model_;  // null for the fake model
  ReopenedSaes& saes_;
  std::mutex mutex_;
  ThreadPool threads_;  // guarded by mutex_
  std::optional<LogitLens> lens_;
  std::optional<LlamaTokenizer> tokenizer_;
};

// Where no model runs, for that reason.
std::string no_written_tokens_json(const UnitAddress& unit, std::string_view reason);

}  // namespace actogram
