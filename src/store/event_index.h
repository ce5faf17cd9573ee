// The events of sparse units, read in place from the four mapped tables of a recording: all of a
// unit, all of a token, the strongest of a unit. Values are the float32 that were written.
//
// Opening reads the tables' directories; a look-up touches the pages that hold its answer. What the
// files say is checked where it is used, so a damaged one ends in Error{corrupt}, never beyond the
// mapping; store/event_check.h verifies all of it. Any number of threads may read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codec/arrow_table.h"

namespace actogram {

// A unit at one of its tokens.
struct UnitEvent {
  uint32_t token = 0;  // row of tokens.arrow
  float value = 0;

  bool operator==(const UnitEvent&) const = default;
};

// A unit's events, tokens ascending, as the one, two or more pieces that the file has them in.
struct UnitEvents {
  struct Piece {
    std::span<const uint32_t> tokens;
    std::span<const float> values;
  };
  uint32_t n_events = 0;
  std::vector<Piece> pieces;
};

// Known of a unit without looking at its events.
struct UnitSpan {
  uint64_t first_event = 0;
  uint32_t n_events = 0;
  double sum = 0;             // of the values
  double sum_of_squares = 0;  // of the values
};

// The units that are not zero at a token, ascending.
class TokenEvents {
 public:
  TokenEvents(std::span<const uint16_t> low, std::span<const uint8_t> high,
              std::span<const float> values)
      : low_(low), high_(high), values_(values) {}

  size_t size() const { return values_.size(); }
  uint32_t unit(size_t i) const { return uint32_t{high_[i]} << 16 | low_[i]; }
  std::span<const float> values() const { return values_; }

 private:
  std::span<const uint16_t> low_;
  std::span<const uint8_t> high_;
  std::span<const float> values_;
};

class EventIndex {
 public:
  // Error{corrupt} where the tables do not fit one another.
  explicit EventIndex(const std::string& folder);

  uint64_t n_events() const { return unit_events_.n_rows(); }
  uint64_t n_units() const { return unit_spans_.n_rows(); }
  uint64_t n_tokens() const { return token_spans_.n_rows(); }

  // Requires: unit < n_units().
  UnitSpan span(uint64_t unit) const;
  UnitEvents of_unit(uint64_t unit) const;
  // The `n` highest values, highest first, the earlier token first among equals.
  std::vector<UnitEvent> top(uint64_t unit, size_t n) const;

  // By its row in unit_events.arrow. Requires: row < n_events().
  UnitEvent event(uint64_t row) const;

  // Requires: token < n_tokens().
  TokenEvents at_token(uint64_t token) const;
  // The row of token_events.arrow of its first event.
  uint64_t first_event_at(uint64_t token) const;

 private:
  struct UnitEventsBatch {
    std::span<const uint32_t> tokens;
    std::span<const float> values;
  };
  struct UnitSpansBatch {
    std::span<const uint64_t> first_event;
    std::span<const uint32_t> n_events;
    std::span<const double> sum, sum_of_squares;
  };
  struct TokenBatch {
    std::span<const uint16_t> low;
    std::span<const uint8_t> high;
    std::span<const float> values;
    std::span<const uint32_t> first_event;
  };

  void open_units();
  void open_tokens();

  std::string folder_;
  TableReader unit_events_, unit_spans_, token_events_, token_spans_;
  std::vector<TableBatch> batches_;  // own what the spans below look at
  std::vector<UnitEventsBatch> unit_events_batches_;
  std::vector<UnitSpansBatch> unit_spans_batches_;
  std::vector<TokenBatch> token_batches_;  // [token / kTokensPerEventBatch]
};

}  // namespace actogram
