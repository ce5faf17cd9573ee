#include "formats/gluscope_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "formats/gluscope_schema.h"
#include "store/weight_table.h"

namespace actogram {
namespace {

using Kind = GluscopeColumn::Kind;
using PlaceKind = GluscopePlace::Kind;

std::string where(const ParquetTableReader& batch, size_t column, size_t i) {
  return fmt::format("{}: row {}: \"{}\"", batch.name(), batch.batch_row() + i,
                     gluscope_columns()[column].name);
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

std::vector<ClassFacts> RowReader::read(const ParquetTableReader& batch, size_t i) {
  std::vector<ClassFacts> classes(kNumSignClasses);
  const auto& columns = gluscope_columns();
  for (size_t c = 0; c < columns.size(); ++c) {
    ClassFacts& facts = classes[columns[c].sign_class];
    const size_t q = columns[c].quantity;
    if (columns[c].kind == Kind::frequency) {
      facts.frequency = frequency(batch, c, i);
      facts.share = facts.frequency;
    } else if (columns[c].kind == Kind::mean) {
      facts.means[q] = batch.floats(c)[i];
    } else if (columns[c].kind == Kind::max_values) {
      facts.peaks[q] = peaks(batch, c, i);
    }
  }
  for (size_t k = 0; k < kNumSignClasses; ++k) {
    if (classes[k].frequency == 0) check_empty(classes[k], k, batch, i);
  }
  return classes;
}

float RowReader::frequency(const ParquetTableReader& batch, size_t column, size_t i) const {
  const float frequency = batch.floats(column)[i];
  if (!(frequency >= 0 && frequency <= 1)) {
    fail(Code::corrupt, "{}: {}; expected a share from 0 to 1", where(batch, column, i), frequency);
  }
  if (n_tokens_ > 0 && counts_of(frequency, n_tokens_).empty()) {
    fail(Code::invalid, "{}: {} is the share of no count of {} tokens: is --tokens right?",
         where(batch, column, i), frequency, n_tokens_);
  }
  return frequency;
}

// The values' column; the rows' is the next.
std::vector<ClassFacts::Peak> RowReader::peaks(const ParquetTableReader& batch, size_t column,
                                               size_t i) {
  const auto values = batch.float_lists(column)[i];
  const auto rows = batch.integer_lists(column + 1)[i];
  check_length(values.size(), batch, column, i);
  check_length(rows.size(), batch, column + 1, i);
  std::vector<ClassFacts::Peak> peaks;
  for (size_t p = 0; p < values.size(); ++p) {
    if (!std::isfinite(values[p])) {
      fail(Code::corrupt, "{}: entry {} is {}", where(batch, column, i), p, values[p]);
    }
    if (values[p] == 0) continue;
    peaks.push_back({text_row(rows[p], batch, column + 1, i), std::nullopt, values[p]});
  }
  std::ranges::stable_sort(peaks, std::greater<>(),
                           [](const ClassFacts::Peak& peak) { return std::fabs(peak.value); });
  return peaks;
}

// All lists of a data set are of one length.
void RowReader::check_length(size_t length, const ParquetTableReader& batch, size_t column,
                             size_t i) {
  if (!n_listed_) n_listed_ = length;
  if (length == *n_listed_) return;
  fail(Code::corrupt, "{}: a list of {} entries; the first list has {}", where(batch, column, i),
       length, *n_listed_);
}

uint32_t RowReader::text_row(int64_t row, const ParquetTableReader& batch, size_t column,
                             size_t i) const {
  if (row < 0 || row > std::numeric_limits<uint32_t>::max()) {
    fail(Code::corrupt, "{}: {}; expected a row of the texts, from 0 on", where(batch, column, i),
         row);
  }
  if (n_text_rows_ && static_cast<uint64_t>(row) >= *n_text_rows_) {
    fail(Code::invalid, "{}: row {} of the texts, but --corpus has {} rows: is it another?",
         where(batch, column, i), row, *n_text_rows_);
  }
  return static_cast<uint32_t>(row);
}

void RowReader::check_empty(ClassFacts& facts, size_t sign_class, const ParquetTableReader& batch,
                            size_t i) const {
  for (size_t q = 0; q < kNumGatedQuantities; ++q) {
    double& mean = facts.means[q];
    if (facts.peaks[q].empty() && (std::isnan(mean) || mean == 0)) {
      mean = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    fail(Code::corrupt, "{}: row {}: \"{}_freq\" is 0, but its {} has a mean of {} and {} peaks",
         batch.name(), batch.batch_row() + i, kSignClassNames[sign_class], kGatedQuantityNames[q],
         mean, facts.peaks[q].size());
  }
}

ExactRow exact_row(const std::vector<ClassFacts>& facts, const ParquetTableReader& batch, size_t i,
                   const Manifest& manifest) {
  const uint64_t n_tokens = *manifest.n_tokens();
  std::vector<ClassRecord> records(kNumSignClasses);
  NeuronWeights weights;
  const auto& places = gluscope_places(manifest);
  const auto disagree = [&](size_t p) {
    fail(Code::corrupt,
         "{}: row {}: \"{}\" does not fit the data set's columns: remove the folder actogram/ to "
         "import the columns alone",
         batch.name(), batch.batch_row() + i, places[p].spec.name);
  };
  for (size_t p = 0; p < places.size(); ++p) {
    ClassRecord& record = records[places[p].sign_class];
    const ClassFacts& known = facts[places[p].sign_class];
    if (places[p].kind == PlaceKind::count) {
      record.count = static_cast<uint64_t>(batch.integers(p)[i]);
      if (record.count > n_tokens || frequency_of(record.count, n_tokens) != known.frequency) {
        disagree(p);
      }
    } else if (places[p].kind == PlaceKind::sums) {
      const auto width = static_cast<size_t>(places[p].spec.width);
      std::memcpy(record.sums.data(), batch.fixed_bytes(p).data() + i * width, width);
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        if (!same(static_cast<float>(record.mean(q)), known.means[q])) disagree(p);
      }
    } else if (places[p].kind == PlaceKind::positions) {
      const auto positions = batch.integer_lists(p)[i];
      const auto& peaks = known.peaks[places[p].quantity];
      if (positions.size() != peaks.size()) disagree(p);
      for (size_t k = 0; k < peaks.size(); ++k) {
        if (positions[k] < 0 || positions[k] > std::numeric_limits<uint32_t>::max()) disagree(p);
        record.peaks[places[p].quantity].push_back(
            {{peaks[k].sequence, static_cast<uint32_t>(positions[k])}, peaks[k].value});
      }
    } else if (places[p].kind == PlaceKind::weight) {
      weights.*kWeightNumbers[places[p].number] = batch.doubles(p)[i];
    } else if (places[p].kind == PlaceKind::sign) {
      weights.sign = batch.integers(p)[i] < 0 ? -1 : 1;
      if (batch.integers(p)[i] != weights.sign) disagree(p);
    }
  }
  return {std::move(records), weights};
}

}  // namespace actogram
