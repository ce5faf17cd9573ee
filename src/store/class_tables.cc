#include "store/class_tables.h"

#include <cstring>

#include "store/layout.h"
#include "store/list_column.h"

namespace actogram {
namespace {

// The columns of one quantity are next to each other, in the order of the quantities.
enum ClassColumn : size_t { kCount, kFirstMean, kSums = kFirstMean + kNumGatedQuantities };
enum PeakPart : size_t { kValues, kSequences, kPositions, kNumPeakParts };
constexpr size_t column_of(size_t quantity, PeakPart part) {
  return kSums + 1 + quantity * kNumPeakParts + part;
}
constexpr size_t kSumBytes = kNumGatedQuantities * ExactSum::kLimbs * sizeof(uint64_t);

template <typename T>
std::span<const T> whole(const std::vector<T>& values) {
  return values;
}

struct PeakColumns {
  ListColumn<float> values;
  ListColumn<uint32_t> sequences, positions;

  void add(const std::vector<ClassPeak>& peaks) {
    const size_t n = values.values.size();
    values.values.resize(n + peaks.size());
    sequences.values.resize(n + peaks.size());
    positions.values.resize(n + peaks.size());
    for (size_t i = 0; i < peaks.size(); ++i) {
      values.values[n + i] = peaks[i].value;
      sequences.values[n + i] = peaks[i].at.sequence;
      positions.values[n + i] = peaks[i].at.position;
    }
    values.end_row(), sequences.end_row(), positions.end_row();
  }

  void clear() { values.clear(), sequences.clear(), positions.clear(); }
};

}  // namespace

struct ClassWriter::State {
  explicit State(const std::string& folder)
      : table(folder + "/" + classes_table().file, classes_table().columns) {}

  TableWriter table;
  std::vector<uint64_t> counts, sums;
  std::array<std::vector<double>, kNumGatedQuantities> means;
  std::array<PeakColumns, kNumGatedQuantities> peaks;

  void flush() {
    std::vector<ColumnData> columns = {whole(counts)};
    for (const auto& mean : means) columns.emplace_back(whole(mean));
    columns.emplace_back(std::as_bytes(whole(sums)));
    for (const PeakColumns& p : peaks) {
      columns.emplace_back(p.values.lists());
      columns.emplace_back(p.sequences.lists());
      columns.emplace_back(p.positions.lists());
    }
    table.write(counts.size(), columns);
    counts.clear(), sums.clear();  // their memory is kept
    for (auto& mean : means) mean.clear();
    for (PeakColumns& p : peaks) p.clear();
  }
};

ClassWriter::ClassWriter(const std::string& folder) : state_(std::make_unique<State>(folder)) {}
ClassWriter::~ClassWriter() = default;

void ClassWriter::add(std::span<const ClassRecord> classes) {
  State& s = *state_;
  for (const ClassRecord& record : classes) {
    s.counts.push_back(record.count);
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      s.means[q].push_back(record.mean(q));
      const auto& limbs = record.sums[q].limbs();
      s.sums.insert(s.sums.end(), limbs.begin(), limbs.end());
      s.peaks[q].add(record.peaks[q]);
    }
  }
  if (s.counts.size() == kUnitsPerBatch * kNumSignClasses) s.flush();
}

void ClassWriter::finish(StoredFiles& files) {
  State& s = *state_;
  if (!s.counts.empty()) s.flush();
  s.table.finish();
  files[classes_table().file] = {s.table.n_rows(), s.table.n_bytes(), s.table.checksum()};
}

ClassTable::ClassTable(const std::string& folder)
    : table_(folder + "/" + classes_table().file, classes_table().columns) {}

std::pair<TableBatch, size_t> ClassTable::rows_of(uint64_t unit_row) const {
  const uint64_t first = unit_row * kNumSignClasses;
  const size_t index = table_.batch_of(first);
  const TableBatch batch = table_.batch(index);
  const size_t first_in_batch = first - table_.first_row(index);
  if (first_in_batch + kNumSignClasses > batch.n_rows()) {
    fail(Code::corrupt, "{}: the classes of unit row {} are not in one record batch",
         classes_table().file, unit_row);
  }
  return {batch, first_in_batch};
}

std::vector<std::array<double, kNumGatedQuantities>> ClassTable::means(uint64_t unit_row) const {
  const auto [batch, first] = rows_of(unit_row);
  std::vector<std::array<double, kNumGatedQuantities>> means(kNumSignClasses);
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      means[c][q] = batch.column<double>(kFirstMean + q)[first + c];
    }
  }
  return means;
}

std::vector<ClassRecord> ClassTable::classes(uint64_t unit_row) const {
  const auto [batch, first] = rows_of(unit_row);
  std::vector<ClassRecord> classes(kNumSignClasses);
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    const size_t i = first + c;
    ClassRecord& record = classes[c];
    record.count = batch.column<uint64_t>(kCount)[i];
    std::memcpy(record.sums.data(), batch.fixed_bytes(kSums).data() + i * kSumBytes, kSumBytes);
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      const auto values = batch.lists<float>(column_of(q, kValues))[i];
      const auto sequences = batch.lists<uint32_t>(column_of(q, kSequences))[i];
      const auto positions = batch.lists<uint32_t>(column_of(q, kPositions))[i];
      if (sequences.size() != values.size() || positions.size() != values.size()) {
        fail(Code::corrupt, "{}: row {} has {} values, {} sequences and {} positions",
             classes_table().file, unit_row * kNumSignClasses + c, values.size(), sequences.size(),
             positions.size());
      }
      record.peaks[q].reserve(values.size());
      for (size_t p = 0; p < values.size(); ++p) {
        record.peaks[q].push_back({{sequences[p], positions[p]}, values[p]});
      }
    }
  }
  return classes;
}

}  // namespace actogram
