#include "store/sample_tables.h"

#include <algorithm>

#include "store/layout.h"
#include "store/list_column.h"

namespace actogram {

struct SampleWriter::State {
  explicit State(const std::string& in)
      : folder(in), table(in + "/" + samples_table().file, samples_table().columns) {}

  std::string folder;
  TableWriter table;
  std::array<ListColumn<float>, kNumSampledQuantities> values;
  size_t n_collected = 0;

  void flush() {
    std::vector<ColumnData> columns;
    for (const auto& list : values) columns.emplace_back(list.lists());
    table.write(n_collected, columns);
    for (auto& list : values) list.clear();
    n_collected = 0;
  }
};

SampleWriter::SampleWriter(const std::string& folder) : state_(std::make_unique<State>(folder)) {}
SampleWriter::~SampleWriter() = default;

void SampleWriter::add(const UnitSamples& unit) {
  State& s = *state_;
  for (size_t q = 0; q < kNumSampledQuantities; ++q) s.values[q].add(unit[q]);
  if (++s.n_collected == kUnitsPerBatch) s.flush();
}

void SampleWriter::finish(std::span<const uint32_t> positions, StoredFiles& files) {
  State& s = *state_;
  if (s.n_collected > 0) s.flush();
  s.table.finish();
  files[samples_table().file] = {s.table.n_rows(), s.table.n_bytes(), s.table.checksum()};
  TableWriter places(s.folder + "/" + sample_places_table().file, sample_places_table().columns);
  for (size_t first = 0; first < positions.size(); first += kRowsPerBatch) {
    const auto batch = positions.subspan(first, std::min(kRowsPerBatch, positions.size() - first));
    const ColumnData columns[] = {batch};
    places.write(batch.size(), columns);
  }
  places.finish();
  files[sample_places_table().file] = {places.n_rows(), places.n_bytes(), places.checksum()};
}

SampleTable::SampleTable(const std::string& folder)
    : table_(folder + "/" + samples_table().file, samples_table().columns) {
  const TableReader places(folder + "/" + sample_places_table().file,
                           sample_places_table().columns);
  for (size_t i = 0; i < places.n_batches(); ++i) {
    const TableBatch batch = places.batch(i);
    const auto column = batch.column<uint32_t>(0);
    positions_.insert(positions_.end(), column.begin(), column.end());
  }
}

UnitSamples SampleTable::unit(uint64_t row) const {
  const size_t index = table_.batch_of(row);
  const TableBatch batch = table_.batch(index);
  UnitSamples samples;
  for (size_t q = 0; q < kNumSampledQuantities; ++q) {
    samples[q] = batch.lists<float>(q)[row - table_.first_row(index)];
    if (samples[q].size() == positions_.size() || (q > 0 && samples[q].empty())) continue;
    fail(Code::corrupt, "{}: row {} has {} values of {}; {} has {} places", samples_table().file,
         row, samples[q].size(), kSampledQuantityNames[q], sample_places_table().file,
         positions_.size());
  }
  return samples;
}

}  // namespace actogram
