// The tables of events while they are written: batches of sorted events become columns, on any
// thread, and the columns are appended in order. What the tables mean is in docs/format.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codec/arrow_table.h"
#include "core/event.h"
#include "store/corpus_tables.h"

namespace actogram {

inline constexpr uint64_t kMostEventTokens = UINT32_MAX;
inline constexpr uint64_t kMostEventUnits = uint64_t{1} << 24;  // 16 bits, and 8 more

// token_events.arrow and token_spans.arrow: batch b is of the tokens from b * kTokensPerEventBatch.
// One batch is in memory, and its room is kept for the next.
class TokenEventsWriter {
 public:
  TokenEventsWriter(const std::string& folder, uint64_t n_tokens);

  // Room for the next batch. Error{unsupported} for more events than a batch can have.
  void begin_batch(uint64_t n_events);
  void add(std::span<const Event> by_token);  // tokens ascend, from call to call too
  void end_batch();
  void finish(StoredFiles& into);

 private:
  uint64_t n_tokens_of_batch() const;

  uint64_t n_tokens_;
  TableWriter events_;
  TableWriter spans_;
  uint64_t first_token_ = 0;  // of the batch
  std::vector<uint16_t> unit_;
  std::vector<uint8_t> unit_high_;
  std::vector<float> value_;
  std::vector<uint32_t> first_event_;  // [token of the batch]
};

// unit_events.arrow and unit_spans.arrow: batches of kEventsPerBatch events.
class UnitEventsWriter {
 public:
  // What a batch has of one unit. Sums are of float64, in the order of the tokens.
  struct Part {
    uint32_t unit = 0;
    uint32_t n = 0;
    double sum = 0;
    double sum_of_squares = 0;
  };
  struct Columns {
    std::vector<uint32_t> token;
    std::vector<float> value;
    std::vector<Part> parts;
  };

  UnitEventsWriter(const std::string& folder, uint64_t n_units);

  static Columns make(std::span<const Event> by_unit);
  void write(const Columns& columns);
  void finish(StoredFiles& into);

 private:
  std::string folder_;
  TableWriter events_;
  std::vector<uint32_t> n_events_;  // [unit]
  std::vector<double> sum_, sum_of_squares_;
};

}  // namespace actogram
