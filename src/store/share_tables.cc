#include "store/share_tables.h"

#include "store/layout.h"
#include "store/list_column.h"

namespace actogram {
namespace {

enum ShareColumn : size_t { kShare, kFirstMean, kFirstList = kFirstMean + kNumGatedQuantities };
constexpr size_t values_column(size_t quantity) { return kFirstList + 2 * quantity; }
constexpr size_t rows_column(size_t quantity) { return kFirstList + 2 * quantity + 1; }

}  // namespace

struct ShareWriter::State {
  explicit State(const std::string& folder)
      : table(folder + "/" + shares_table().file, shares_table().columns) {}

  TableWriter table;
  std::vector<float> shares;
  std::array<std::vector<float>, kNumGatedQuantities> means;
  std::array<ListColumn<float>, kNumGatedQuantities> values;
  std::array<ListColumn<uint32_t>, kNumGatedQuantities> rows;

  void flush() {
    std::vector<ColumnData> columns = {std::span<const float>(shares)};
    for (const auto& mean : means) columns.emplace_back(std::span<const float>(mean));
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      columns.emplace_back(values[q].lists());
      columns.emplace_back(rows[q].lists());
    }
    table.write(shares.size(), columns);
    shares.clear();
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      means[q].clear(), values[q].clear(), rows[q].clear();
    }
  }
};

ShareWriter::ShareWriter(const std::string& folder) : state_(std::make_unique<State>(folder)) {}
ShareWriter::~ShareWriter() = default;

void ShareWriter::add(std::span<const ClassFacts> classes) {
  State& s = *state_;
  for (const ClassFacts& facts : classes) {
    s.shares.push_back(facts.frequency);
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      s.means[q].push_back(static_cast<float>(facts.means[q]));
      for (const ClassFacts::Peak& peak : facts.peaks[q]) {
        s.values[q].values.push_back(peak.value);
        s.rows[q].values.push_back(peak.sequence);
      }
      s.values[q].end_row(), s.rows[q].end_row();
    }
  }
  if (s.shares.size() == kUnitsPerBatch * kNumSignClasses) s.flush();
}

void ShareWriter::finish(StoredFiles& files) {
  State& s = *state_;
  if (!s.shares.empty()) s.flush();
  s.table.finish();
  files[shares_table().file] = {s.table.n_rows(), s.table.n_bytes(), s.table.checksum()};
}

ShareTable::ShareTable(const std::string& folder)
    : table_(folder + "/" + shares_table().file, shares_table().columns) {}

std::vector<ClassFacts> ShareTable::classes(uint64_t unit_row) const {
  const uint64_t first = unit_row * kNumSignClasses;
  const size_t index = table_.batch_of(first);
  const TableBatch batch = table_.batch(index);
  const size_t first_in_batch = first - table_.first_row(index);
  if (first_in_batch + kNumSignClasses > batch.n_rows()) {
    fail(Code::corrupt, "{}: the classes of unit row {} are not in one record batch",
         shares_table().file, unit_row);
  }
  std::vector<ClassFacts> classes(kNumSignClasses);
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    const size_t i = first_in_batch + c;
    classes[c].frequency = batch.column<float>(kShare)[i];
    classes[c].share = classes[c].frequency;
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      classes[c].means[q] = batch.column<float>(kFirstMean + q)[i];
      const auto values = batch.lists<float>(values_column(q))[i];
      const auto rows = batch.lists<uint32_t>(rows_column(q))[i];
      if (rows.size() != values.size()) {
        fail(Code::corrupt, "{}: row {} has {} values and {} rows", shares_table().file, first + c,
             values.size(), rows.size());
      }
      for (size_t p = 0; p < values.size(); ++p) {
        classes[c].peaks[q].push_back({rows[p], std::nullopt, values[p]});
      }
    }
  }
  return classes;
}

}  // namespace actogram
