#include "store/record_tables.h"

#include <algorithm>
#include <cassert>

namespace actogram {
namespace {

enum RecordColumn : size_t { kPublished, kBucketCount, kBoundaries, kForms };
enum ValueColumn : size_t { kPeak, kValues };
enum ExplanationColumn : size_t { kUnit, kExplanation, kScore, kSimulation };
constexpr int32_t kNoBuckets = -1;
constexpr size_t kValuesPerBatch = 1 << 20;

void finish_table(TableWriter& table, const TableSpec& spec, StoredFiles& files) {
  table.finish();
  files[spec.file] = {table.n_rows(), table.n_bytes(), table.checksum()};
}

// The first entry of a column that ascends, in each record batch.
std::vector<uint64_t> first_entries(const TableReader& table, size_t column) {
  std::vector<uint64_t> first;
  for (size_t b = 0; b < table.n_batches(); ++b) {
    const auto entries = table.batch(b).column<uint64_t>(column);
    first.push_back(entries.empty() ? UINT64_MAX : entries[0]);
  }
  return first;
}

void add_text(std::string_view text, ListColumn<char>& column) {
  column.add({text.data(), text.size()});
}

}  // namespace

PublishedRecordWriter::PublishedRecordWriter(const std::string& folder, const TableMarks& from)
    : records_(open_table(folder, published_records_table(), from)),
      values_(open_table(folder, published_values_table(), from)) {}

void PublishedRecordWriter::add(const PublishedRecord& record) {
  published_.push_back(record.published ? 1 : 0);
  n_buckets_.push_back(record.n_buckets ? static_cast<int32_t>(*record.n_buckets) : kNoBuckets);
  boundaries_.add(record.boundaries);
  add_text(record.forms, forms_);
  if (published_.size() == kUnitsPerBatch) flush();
}

void PublishedRecordWriter::add_values(uint64_t peak, std::span<const double> values) {
  peak_.push_back(peak);
  numbers_.add(values);
}

void PublishedRecordWriter::flush() {
  if (!published_.empty()) {
    const ColumnData columns[] = {std::span<const uint8_t>(published_),
                                  std::span<const int32_t>(n_buckets_), boundaries_.lists(),
                                  Strings{forms_.lists()}};
    records_.write(published_.size(), columns);
    published_.clear(), n_buckets_.clear(), boundaries_.clear(), forms_.clear();
  }
  if (numbers_.values.size() >= kValuesPerBatch) flush_values();
}

void PublishedRecordWriter::flush_values() {
  if (peak_.empty()) return;
  const ColumnData columns[] = {std::span<const uint64_t>(peak_), numbers_.lists()};
  values_.write(peak_.size(), columns);
  peak_.clear(), numbers_.clear();
}

void PublishedRecordWriter::mark(TableMarks& marks) {
  assert(published_.empty());
  flush_values();
  marks[published_records_table().file] = records_.mark();
  marks[published_values_table().file] = values_.mark();
}

void PublishedRecordWriter::finish(StoredFiles& files) {
  flush();
  flush_values();
  finish_table(records_, published_records_table(), files);
  finish_table(values_, published_values_table(), files);
}

PublishedRecords::PublishedRecords(const std::string& folder)
    : records_(folder + "/" + published_records_table().file, published_records_table().columns),
      values_(folder + "/" + published_values_table().file, published_values_table().columns),
      first_peak_(first_entries(values_, kPeak)) {}

PublishedRecord PublishedRecords::record(uint64_t unit) const {
  const size_t index = records_.batch_of(unit);
  const TableBatch batch = records_.batch(index);
  const size_t i = unit - records_.first_row(index);
  PublishedRecord record;
  record.published = batch.column<uint8_t>(kPublished)[i] != 0;
  const int32_t n_buckets = batch.column<int32_t>(kBucketCount)[i];
  if (n_buckets >= 0) record.n_buckets = static_cast<uint32_t>(n_buckets);
  record.boundaries = batch.lists<double>(kBoundaries)[i];
  record.forms = batch.strings(kForms)[i];
  return record;
}

std::span<const double> PublishedRecords::values(uint64_t peak) const {
  const auto after = std::ranges::upper_bound(first_peak_, peak);
  if (after != first_peak_.begin()) {
    const TableBatch batch = values_.batch(static_cast<size_t>(after - first_peak_.begin()) - 1);
    const auto peaks = batch.column<uint64_t>(kPeak);
    const auto found = std::ranges::lower_bound(peaks, peak);
    if (found != peaks.end() && *found == peak) {
      return batch.lists<double>(kValues)[static_cast<size_t>(found - peaks.begin())];
    }
  }
  fail(Code::corrupt, "{}: no numbers of peak {}", published_values_table().file, peak);
}

ScoredExplanationWriter::ScoredExplanationWriter(const std::string& folder, const TableMarks& from)
    : table_(open_table(folder, scored_explanations_table(), from)) {}

void ScoredExplanationWriter::add(uint64_t unit, const ScoredExplanation& explanation) {
  unit_.push_back(unit);
  add_text(explanation.explanation, explanation_);
  score_.push_back(explanation.score);
  add_text(explanation.simulation, simulation_);
  if (simulation_.values.size() >= kTextPerBatch || unit_.size() == kRowsPerBatch) flush();
}

void ScoredExplanationWriter::flush() {
  if (unit_.empty()) return;
  const ColumnData columns[] = {std::span<const uint64_t>(unit_), Strings{explanation_.lists()},
                                std::span<const double>(score_), Strings{simulation_.lists()}};
  table_.write(unit_.size(), columns);
  unit_.clear(), explanation_.clear(), score_.clear(), simulation_.clear();
}

void ScoredExplanationWriter::mark(TableMarks& marks) {
  flush();
  marks[scored_explanations_table().file] = table_.mark();
}

void ScoredExplanationWriter::finish(StoredFiles& files) {
  flush();
  finish_table(table_, scored_explanations_table(), files);
}

ScoredExplanations::ScoredExplanations(const std::string& folder)
    : table_(folder + "/" + scored_explanations_table().file, scored_explanations_table().columns),
      first_unit_(first_entries(table_, kUnit)) {}

std::vector<ScoredExplanation> ScoredExplanations::of_unit(uint64_t unit) const {
  std::vector<ScoredExplanation> found;
  // A unit's rows may begin in the batch before the first that begins with it.
  auto at = std::ranges::lower_bound(first_unit_, unit);
  if (at != first_unit_.begin()) --at;
  for (; at != first_unit_.end() && *at <= unit; ++at) {
    const TableBatch batch = table_.batch(static_cast<size_t>(at - first_unit_.begin()));
    const auto units = batch.column<uint64_t>(kUnit);
    const auto end = std::ranges::upper_bound(units, unit);
    for (auto row = std::ranges::lower_bound(units, unit); row != end; ++row) {
      const auto i = static_cast<size_t>(row - units.begin());
      found.push_back({batch.strings(kExplanation)[i], batch.column<double>(kScore)[i],
                       batch.strings(kSimulation)[i]});
    }
  }
  return found;
}

void ScoredExplanations::for_each(
    const std::function<void(uint64_t, const ScoredExplanation&)>& visit) const {
  for (size_t b = 0; b < table_.n_batches(); ++b) {
    const TableBatch batch = table_.batch(b);
    const auto units = batch.column<uint64_t>(kUnit);
    const auto scores = batch.column<double>(kScore);
    const Strings explanations = batch.strings(kExplanation);
    const Strings simulations = batch.strings(kSimulation);
    for (size_t i = 0; i < units.size(); ++i) {
      visit(units[i], {explanations[i], scores[i], simulations[i]});
    }
  }
}

}  // namespace actogram
