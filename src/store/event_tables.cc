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

size_t TokenEventsWriter::n_batches() const {
  return (n_tokens_ + kTokensPerEventBatch - 1) / kTokensPerEventBatch;
}

TokenEventsWriter::Columns TokenEventsWriter::begin(size_t batch, uint64_t n_events) const {
  if (n_events > UINT32_MAX) {
    fail(Code::unsupported, "{} events in {} tokens: up to {} are kept", n_events,
         n_tokens_of(batch), UINT32_MAX);
  }
  Columns columns;
  columns.first_event.reserve(n_tokens_of(batch));
  columns.unit.reserve(n_events);
  columns.unit_high.reserve(n_events);
  columns.value.reserve(n_events);
  return columns;
}

void TokenEventsWriter::add(size_t batch, std::span<const Event> by_token, Columns& to) const {
  const uint64_t first_token = batch * kTokensPerEventBatch;
  for (const Event& event : by_token) {
    while (to.first_event.size() <= event.token - first_token) {
      to.first_event.push_back(static_cast<uint32_t>(to.unit.size()));
    }
    to.unit.push_back(static_cast<uint16_t>(event.unit));
    to.unit_high.push_back(static_cast<uint8_t>(event.unit >> 16));
    to.value.push_back(event.value);
  }
}

void TokenEventsWriter::end(size_t batch, Columns& columns) const {
  columns.first_event.resize(n_tokens_of(batch), static_cast<uint32_t>(columns.unit.size()));
}

size_t TokenEventsWriter::n_tokens_of(size_t batch) const {
  return std::min<uint64_t>(kTokensPerEventBatch, n_tokens_ - batch * kTokensPerEventBatch);
}

void TokenEventsWriter::write(const Columns& columns) {
  const ColumnData events[] = {whole(columns.unit), whole(columns.unit_high), whole(columns.value)};
  events_.write(columns.unit.size(), events);
  const ColumnData spans[] = {whole(columns.first_event)};
  spans_.write(columns.first_event.size(), spans);
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
