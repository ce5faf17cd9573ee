// The table of events that data sets of SAE activations publish: Parquet files with a row for each
// token where a feature fired.
//
//   row := layer_id feature_id activation_value prompt_id token_position
//
// as "SAE Feature Activations, Llama 3.1 8B Instruct, layer 19" has it (docs/format.md). Rows may
// be in any order and any number of files. Files are read twice, by all threads: `scan` learns
// which layers, features, prompts and positions there are, so that each token and each unit has a
// number; `read` gives the events by these numbers. Memory is that of the prompts' names.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/threads.h"

namespace actogram {

struct EventLayer {
  uint32_t layer = 0;
  uint32_t n_features = 0;  // one more than the highest that fires

  bool operator==(const EventLayer&) const = default;
};

// Tokens are numbered prompt after prompt, from position 0 to the last that has an event; units
// layer after layer.
struct EventScan {
  uint64_t n_rows = 0;
  std::vector<EventLayer> layers;        // ascending
  std::vector<std::string> prompts;      // in the order in which the files first name them
  std::vector<uint64_t> first_token{0};  // [prompt + 1]

  uint64_t n_tokens() const { return first_token.back(); }
  uint64_t n_units() const;
};

// Rows that were left out because they are no events.
struct NoEvents {
  uint64_t n_zero = 0;
  uint64_t n_nan = 0;
  uint64_t n_infinite = 0;

  bool operator==(const NoEvents&) const = default;
};

class EventFiles {
 public:
  // Takes events i of the three spans, from several threads at once.
  using Take = std::function<void(size_t thread, std::span<const uint32_t> tokens,
                                  std::span<const uint32_t> units, std::span<const float> values)>;

  // `paths` are files, or folders of *.parquet, in the order of their names.
  explicit EventFiles(const std::vector<std::string>& paths);

  EventScan scan(ThreadPool& pool) const;
  NoEvents read(const EventScan& scan, ThreadPool& pool, const Take& take) const;

 private:
  struct Part {  // a row group
    std::string file;
    size_t row_group = 0;
  };
  std::vector<Part> parts_;
};

}  // namespace actogram
