#include "store/attribution_table.h"

#include "store/layout.h"
#include "store/list_column.h"

namespace actogram {

struct AttributionWriter::State {
  explicit State(const std::string& folder)
      : table(folder + "/" + attributions_table().file, attributions_table().columns) {}

  TableWriter table;
  ListColumn<float> keys;

  void flush() {
    const ColumnData columns[] = {keys.lists()};
    table.write(keys.lists().size(), columns);
    keys.clear();
  }
};

AttributionWriter::AttributionWriter(const std::string& folder)
    : state_(std::make_unique<State>(folder)) {}
AttributionWriter::~AttributionWriter() = default;

void AttributionWriter::add(std::span<const float> keys) {
  State& s = *state_;
  s.keys.add(keys);
  if (s.keys.values.size() + s.keys.offsets.size() > kAttributionsPerBatch) s.flush();
}

void AttributionWriter::finish(StoredFiles& into) {
  State& s = *state_;
  if (s.keys.lists().size() > 0) s.flush();
  s.table.finish();
  into[attributions_table().file] = {s.table.n_rows(), s.table.n_bytes(), s.table.checksum()};
}

AttributionTable::AttributionTable(const std::string& folder)
    : table_(folder + "/" + attributions_table().file, attributions_table().columns) {}

std::span<const float> AttributionTable::event(uint64_t row) const {
  const size_t index = table_.batch_of(row);
  return table_.batch(index).lists<float>(0)[row - table_.first_row(index)];
}

}  // namespace actogram
