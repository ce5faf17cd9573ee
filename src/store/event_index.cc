#include "store/event_index.h"

#include <algorithm>

#include "actogram/error.h"
#include "store/layout.h"

namespace actogram {
namespace {

std::string path_of(const std::string& folder, const TableSpec& table) {
  return folder + "/" + table.file;
}

TableReader reader_of(const std::string& folder, const TableSpec& table) {
  return {path_of(folder, table), table.columns};
}

}  // namespace

EventIndex::EventIndex(const std::string& folder)
    : folder_(folder),
      unit_events_(reader_of(folder, unit_events_table())),
      unit_spans_(reader_of(folder, unit_spans_table())),
      token_events_(reader_of(folder, token_events_table())),
      token_spans_(reader_of(folder, token_spans_table())) {
  if (unit_events_.n_rows() != token_events_.n_rows()) {
    fail(Code::corrupt, "{}: {} events; {} has {}", path_of(folder, token_events_table()),
         token_events_.n_rows(), unit_events_table().file, unit_events_.n_rows());
  }
  open_units();
  open_tokens();
}

void EventIndex::open_units() {
  for (size_t i = 0; i < unit_events_.n_batches(); ++i) {
    const TableBatch& batch = batches_.emplace_back(unit_events_.batch(i));
    unit_events_batches_.push_back({batch.column<uint32_t>(0), batch.column<float>(1)});
  }
  for (size_t i = 0; i < unit_spans_.n_batches(); ++i) {
    const TableBatch& batch = batches_.emplace_back(unit_spans_.batch(i));
    unit_spans_batches_.push_back({batch.column<uint64_t>(0), batch.column<uint32_t>(1),
                                   batch.column<double>(2), batch.column<double>(3)});
  }
}

void EventIndex::open_tokens() {
  const std::string path = path_of(folder_, token_spans_table());
  const size_t n_batches = (n_tokens() + kTokensPerEventBatch - 1) / kTokensPerEventBatch;
  if (token_spans_.n_batches() != n_batches || token_events_.n_batches() != n_batches) {
    fail(Code::corrupt, "{}: {} and {} record batches for {} tokens, expected {}", path,
         token_spans_.n_batches(), token_events_.n_batches(), n_tokens(), n_batches);
  }
  for (size_t i = 0; i < n_batches; ++i) {
    if (token_spans_.first_row(i) != i * kTokensPerEventBatch) {
      fail(Code::corrupt, "{}: record batch {} begins at row {}, expected {}", path, i,
           token_spans_.first_row(i), i * kTokensPerEventBatch);
    }
    const TableBatch& events = batches_.emplace_back(token_events_.batch(i));
    const auto low = events.column<uint16_t>(0);
    const auto high = events.column<uint8_t>(1);
    const auto values = events.column<float>(2);
    const TableBatch& spans = batches_.emplace_back(token_spans_.batch(i));
    token_batches_.push_back({low, high, values, spans.column<uint32_t>(0)});
  }
}

UnitSpan EventIndex::span(uint64_t unit) const {
  const size_t index = unit_spans_.batch_of(unit);
  const UnitSpansBatch& batch = unit_spans_batches_[index];
  const size_t i = unit - unit_spans_.first_row(index);
  const UnitSpan span{batch.first_event[i], batch.n_events[i], batch.sum[i],
                      batch.sum_of_squares[i]};
  if (span.first_event > n_events() || span.n_events > n_events() - span.first_event) {
    fail(Code::corrupt, "{}: unit {} has {} events from {}; there are {}",
         path_of(folder_, unit_spans_table()), unit, span.n_events, span.first_event, n_events());
  }
  return span;
}

UnitEvent EventIndex::event(uint64_t row) const {
  const size_t index = unit_events_.batch_of(row);
  const size_t i = row - unit_events_.first_row(index);
  return {unit_events_batches_[index].tokens[i], unit_events_batches_[index].values[i]};
}

UnitEvents EventIndex::of_unit(uint64_t unit) const {
  const UnitSpan span = this->span(unit);
  UnitEvents events{.n_events = span.n_events, .pieces = {}};
  for (uint64_t row = span.first_event, left = span.n_events; left > 0;) {
    const size_t index = unit_events_.batch_of(row);
    const UnitEventsBatch& batch = unit_events_batches_[index];
    const size_t begin = row - unit_events_.first_row(index);
    const size_t n = std::min<uint64_t>(left, batch.tokens.size() - begin);
    events.pieces.push_back({batch.tokens.subspan(begin, n), batch.values.subspan(begin, n)});
    row += n, left -= n;
  }
  return events;
}

// Most values are below the lowest that is kept, and lose by one comparison. Tokens ascend, so an
// equal value loses too.
std::vector<UnitEvent> EventIndex::top(uint64_t unit, size_t n) const {
  const auto higher = [](const UnitEvent& a, const UnitEvent& b) {
    return a.value != b.value ? a.value > b.value : a.token < b.token;
  };
  std::vector<UnitEvent> kept;  // a heap, the lowest in front
  if (n == 0) return kept;
  for (const UnitEvents::Piece& piece : of_unit(unit).pieces) {
    for (size_t i = 0; i < piece.values.size(); ++i) {
      if (kept.size() == n) {
        if (piece.values[i] <= kept.front().value) continue;
        std::ranges::pop_heap(kept, higher);
        kept.pop_back();
      }
      kept.push_back({piece.tokens[i], piece.values[i]});
      std::ranges::push_heap(kept, higher);
    }
  }
  std::ranges::sort_heap(kept, higher);
  return kept;
}

uint64_t EventIndex::first_event_at(uint64_t token) const {
  const size_t batch = token / kTokensPerEventBatch;
  const uint32_t within = token_batches_[batch].first_event[token % kTokensPerEventBatch];
  return token_events_.first_row(batch) + within;
}

TokenEvents EventIndex::at_token(uint64_t token) const {
  const TokenBatch& batch = token_batches_[token / kTokensPerEventBatch];
  const size_t i = token % kTokensPerEventBatch;
  const size_t begin = batch.first_event[i];
  const size_t end =
      i + 1 < batch.first_event.size() ? batch.first_event[i + 1] : batch.values.size();
  if (begin > end || end > batch.values.size()) {
    fail(Code::corrupt, "{}: token {} has the events {} to {} of a record batch of {}",
         path_of(folder_, token_spans_table()), token, begin, end, batch.values.size());
  }
  return {batch.low.subspan(begin, end - begin), batch.high.subspan(begin, end - begin),
          batch.values.subspan(begin, end - begin)};
}

}  // namespace actogram
