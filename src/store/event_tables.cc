#include "store/event_tables.h"

#include <algorithm>

#include "store/layout.h"

namespace actogram {
namespace {

TableWriter writer_of(const std::string& folder, const TableSpec& table) {
  return {folder + "/" + table.file, table.columns};
}

void finish_table(TableWriter& writer, const TableSpec& table, StoredFiles& into) {
  writer.finish();
  into[table.file] = {writer.n_rows(), writer.n_bytes(), writer.checksum()};
}

template <typename T>
std::span<const T> whole(const std::vector<T>& values) {
  return values;
}

}  // namespace

TokenEventsWriter::TokenEventsWriter(const std::string& folder, uint64_t n_tokens)
    : n_tokens_(n_tokens),
      events_(writer_of(folder, token_events_table())),
      spans_(writer_of(folder, token_spans_table())) {}

void TokenEventsWriter::begin_batch(uint64_t n_events) {
  if (n_events > UINT32_MAX) {
    fail(Code::unsupported, "{} events in {} tokens: up to {} are kept", n_events,
         n_tokens_of_batch(), UINT32_MAX);
  }
  unit_.reserve(n_events);
  unit_high_.reserve(n_events);
  value_.reserve(n_events);
  first_event_.reserve(n_tokens_of_batch());
}

void TokenEventsWriter::add(std::span<const Event> by_token) {
  for (const Event& event : by_token) {
    while (first_event_.size() <= event.token - first_token_) {
      first_event_.push_back(static_cast<uint32_t>(unit_.size()));
    }
    unit_.push_back(static_cast<uint16_t>(event.unit));
    unit_high_.push_back(static_cast<uint8_t>(event.unit >> 16));
    value_.push_back(event.value);
  }
}

void TokenEventsWriter::end_batch() {
  first_event_.resize(n_tokens_of_batch(), static_cast<uint32_t>(unit_.size()));
  const ColumnData events[] = {whole(unit_), whole(unit_high_), whole(value_)};
  events_.write(unit_.size(), events);
  const ColumnData spans[] = {whole(first_event_)};
  spans_.write(first_event_.size(), spans);
  first_token_ += first_event_.size();
  unit_.clear();
  unit_high_.clear();
  value_.clear();
  first_event_.clear();
}

uint64_t TokenEventsWriter::n_tokens_of_batch() const {
  return std::min<uint64_t>(kTokensPerEventBatch, n_tokens_ - first_token_);
}

void TokenEventsWriter::finish(StoredFiles& into) {
  finish_table(events_, token_events_table(), into);
  finish_table(spans_, token_spans_table(), into);
}

UnitEventsWriter::UnitEventsWriter(const std::string& folder, uint64_t n_units)
    : folder_(folder),
      events_(writer_of(folder, unit_events_table())),
      n_events_(n_units),
      sum_(n_units),
      sum_of_squares_(n_units) {}

UnitEventsWriter::Columns UnitEventsWriter::make(std::span<const Event> by_unit) {
  Columns columns;
  columns.token.resize(by_unit.size());
  columns.value.resize(by_unit.size());
  for (size_t i = 0; i < by_unit.size();) {
    Part part{.unit = by_unit[i].unit};
    for (; i < by_unit.size() && by_unit[i].unit == part.unit; ++i) {
      const auto value = static_cast<double>(by_unit[i].value);
      columns.token[i] = by_unit[i].token;
      columns.value[i] = by_unit[i].value;
      ++part.n;
      part.sum += value;
      part.sum_of_squares += value * value;
    }
    columns.parts.push_back(part);
  }
  return columns;
}

void UnitEventsWriter::write(const Columns& columns) {
  for (const Part& part : columns.parts) {
    n_events_[part.unit] += part.n;
    sum_[part.unit] += part.sum;
    sum_of_squares_[part.unit] += part.sum_of_squares;
  }
  const ColumnData events[] = {whole(columns.token), whole(columns.value)};
  events_.write(columns.token.size(), events);
}

void UnitEventsWriter::finish(StoredFiles& into) {
  finish_table(events_, unit_events_table(), into);
  TableWriter spans = writer_of(folder_, unit_spans_table());
  uint64_t first_event = 0;
  for (size_t first = 0; first < n_events_.size(); first += kRowsPerBatch) {
    const size_t n = std::min(kRowsPerBatch, n_events_.size() - first);
    std::vector<uint64_t> first_events(n);
    for (size_t i = 0; i < n; ++i) {
      first_events[i] = first_event;
      first_event += n_events_[first + i];
    }
    const ColumnData columns[] = {whole(first_events), whole(n_events_).subspan(first, n),
                                  whole(sum_).subspan(first, n),
                                  whole(sum_of_squares_).subspan(first, n)};
    spans.write(n, columns);
  }
  finish_table(spans, unit_spans_table(), into);
}

}  // namespace actogram
