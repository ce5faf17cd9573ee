#include "store/unit_tables.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/prefetch.h"
#include "core/unit_address.h"
#include "store/layout.h"
#include "store/list_column.h"

namespace actogram {
namespace {

constexpr size_t kSumLimbs = size_t{4} * ExactSum::kLimbs;

enum UnitColumn : size_t {
  kSite,
  kUnit,
  kCount,
  kNan,
  kInfinite,
  kPositive,
  kMean,
  kVariance,
  kSkewness,
  kKurtosis,
  kMin,
  kMax,
  kMinSequence,
  kMinPosition,
  kMaxSequence,
  kMaxPosition,
  kFirstPeak,
  kNumPeaks,
  kPowerSums,
};
enum HistogramColumn : size_t { kValueBins, kValueCounts, kMaximumBins, kMaximumCounts };
enum PeakColumn : size_t { kGroups, kSequence, kPosition, kValue, kRank, kWindowBegin, kWindow };

struct UnitRows {
  ListColumn<char> site;
  std::vector<uint32_t> unit, min_sequence, min_position, max_sequence, max_position, n_peaks;
  std::vector<uint64_t> count, n_nan, n_infinite, n_positive, first_peak, power_sums;
  std::vector<double> mean, variance, skewness, kurtosis;
  std::vector<float> min, max;
};

struct HistogramRows {
  ListColumn<uint16_t> value_bins, maximum_bins;
  ListColumn<uint64_t> value_counts, maximum_counts;

  void clear() {
    value_bins.clear(), maximum_bins.clear();
    value_counts.clear(), maximum_counts.clear();
  }
};

struct PeakRows {
  std::vector<uint16_t> groups;
  std::vector<uint32_t> sequence, position, rank, window_begin;
  std::vector<float> value;
  ListColumn<float> window;

  // Megabytes each time, so its memory is kept.
  void clear() {
    groups.clear(), value.clear(), window.clear();
    for (auto* column : {&sequence, &position, &rank, &window_begin}) column->clear();
  }
};

template <typename T>
std::span<const T> whole(const std::vector<T>& values) {
  return values;
}

void add_summary(UnitRows& rows, const UnitRecord& record) {
  const Summary& summary = record.summary;
  rows.count.push_back(summary.count);
  rows.n_nan.push_back(summary.n_nan);
  rows.n_infinite.push_back(summary.n_infinite);
  rows.n_positive.push_back(summary.n_positive);
  rows.mean.push_back(summary.mean);
  rows.variance.push_back(summary.variance);
  rows.skewness.push_back(summary.skewness);
  rows.kurtosis.push_back(summary.kurtosis);
  rows.min.push_back(summary.min);
  rows.max.push_back(summary.max);
  rows.min_sequence.push_back(summary.min_at.sequence);
  rows.min_position.push_back(summary.min_at.position);
  rows.max_sequence.push_back(summary.max_at.sequence);
  rows.max_position.push_back(summary.max_at.position);
  for (const ExactSum& sum : record.sums.sum) {
    rows.power_sums.insert(rows.power_sums.end(), sum.limbs().begin(), sum.limbs().end());
  }
}

void add_peaks(PeakRows& rows, const std::vector<KeptPeak>& peaks) {
  constexpr size_t kAhead = 4;
  for (size_t i = 0; i < peaks.size(); ++i) {
    // Windows lie where they were written, in no order.
    if (i + kAhead < peaks.size()) prefetch_to_read(peaks[i + kAhead].window);
    const KeptPeak& peak = peaks[i];
    rows.groups.push_back(peak.groups);
    rows.sequence.push_back(peak.at.sequence);
    rows.position.push_back(peak.at.position);
    rows.value.push_back(peak.value);
    rows.rank.push_back(peak.rank);
    rows.window_begin.push_back(peak.window_begin);
    rows.window.add(peak.window);
  }
}

}  // namespace

struct UnitWriter::State {
  State(const std::string& folder, const std::vector<Site>& all_sites, const TableMarks& from)
      : sites(all_sites),
        units(open_table(folder, units_table(), from)),
        histograms(open_table(folder, histograms_table(), from)),
        peaks(open_table(folder, peaks_table(), from)),
        n_units(units.n_rows()),
        n_peaks(peaks.n_rows()) {
    uint64_t left = n_units;
    for (; site < sites.size() && left >= sites[site].n_units; ++site) left -= sites[site].n_units;
    index = static_cast<uint32_t>(left);
    if (n_heads(sites) > 0) heads.emplace(folder);
  }

  std::vector<Site> sites;
  TableWriter units, histograms, peaks;
  std::optional<ClassWriter> classes;
  std::optional<HeadWriter> heads;
  size_t site = 0;
  uint32_t index = 0;
  uint64_t n_units = 0;
  uint64_t n_peaks = 0;
  UnitRows unit_rows;
  HistogramRows histogram_rows;
  PeakRows peak_rows;

  void flush() {
    const UnitRows& u = unit_rows;
    const ColumnData unit_columns[] = {Strings{u.site.lists()},
                                       whole(u.unit),
                                       whole(u.count),
                                       whole(u.n_nan),
                                       whole(u.n_infinite),
                                       whole(u.n_positive),
                                       whole(u.mean),
                                       whole(u.variance),
                                       whole(u.skewness),
                                       whole(u.kurtosis),
                                       whole(u.min),
                                       whole(u.max),
                                       whole(u.min_sequence),
                                       whole(u.min_position),
                                       whole(u.max_sequence),
                                       whole(u.max_position),
                                       whole(u.first_peak),
                                       whole(u.n_peaks),
                                       std::as_bytes(whole(u.power_sums))};
    units.write(u.unit.size(), unit_columns);
    const HistogramRows& h = histogram_rows;
    const ColumnData histogram_columns[] = {h.value_bins.lists(), h.value_counts.lists(),
                                            h.maximum_bins.lists(), h.maximum_counts.lists()};
    histograms.write(u.unit.size(), histogram_columns);
    const PeakRows& p = peak_rows;
    const ColumnData peak_columns[] = {whole(p.groups), whole(p.sequence), whole(p.position),
                                       whole(p.value),  whole(p.rank),     whole(p.window_begin),
                                       p.window.lists()};
    peaks.write(p.groups.size(), peak_columns);
    unit_rows = {};
    histogram_rows.clear(), peak_rows.clear();
  }
};

UnitWriter::UnitWriter(const std::string& folder, const std::vector<Site>& sites, ClassesOf with)
    : UnitWriter(folder, sites, TableMarks()) {
  if (with == ClassesOf::units) state_->classes.emplace(folder);
}
UnitWriter::UnitWriter(const std::string& folder, const std::vector<Site>& sites,
                       const TableMarks& from)
    : state_(std::make_unique<State>(folder, sites, from)) {}
UnitWriter::~UnitWriter() = default;

void UnitWriter::add(const UnitRecord& unit) {
  State& s = *state_;
  const Site& site = s.sites.at(s.site);
  s.unit_rows.site.add(site.name);
  s.unit_rows.unit.push_back(s.index);
  add_summary(s.unit_rows, unit);
  const size_t n_peaks = unit.maximum_peaks.size() + unit.minimum_peaks.size();
  s.unit_rows.first_peak.push_back(s.n_peaks);
  s.unit_rows.n_peaks.push_back(static_cast<uint32_t>(n_peaks));
  s.n_peaks += n_peaks;
  s.histogram_rows.value_bins.add(unit.values.bins);
  s.histogram_rows.value_counts.add(unit.values.counts);
  s.histogram_rows.maximum_bins.add(unit.maxima.bins);
  s.histogram_rows.maximum_counts.add(unit.maxima.counts);
  add_peaks(s.peak_rows, unit.maximum_peaks);
  add_peaks(s.peak_rows, unit.minimum_peaks);
  const bool is_head = is_attention_site(site.name);
  if (is_head) s.heads->add(unit.head.value_or(HeadRecord{}));
  if (s.classes && !is_head && !is_sparse_site(site.name)) s.classes->add(unit.classes);
  ++s.n_units;
  if (++s.index == site.n_units) s.index = 0, ++s.site;
  if (s.unit_rows.unit.size() == kUnitsPerBatch) s.flush();
}

uint64_t UnitWriter::n_units() const { return state_->n_units; }
uint64_t UnitWriter::n_peaks() const { return state_->n_peaks; }

void UnitWriter::mark(TableMarks& marks) {
  State& s = *state_;
  assert(s.unit_rows.unit.empty());
  marks[units_table().file] = s.units.mark();
  marks[histograms_table().file] = s.histograms.mark();
  marks[peaks_table().file] = s.peaks.mark();
}

StoredFiles UnitWriter::finish() {
  State& s = *state_;
  if (!s.unit_rows.unit.empty()) s.flush();
  StoredFiles files;
  const auto finish_table = [&](TableWriter& writer, const TableSpec& table) {
    writer.finish();
    files[table.file] = {writer.n_rows(), writer.n_bytes(), writer.checksum()};
  };
  finish_table(s.units, units_table());
  finish_table(s.histograms, histograms_table());
  finish_table(s.peaks, peaks_table());
  if (s.classes) s.classes->finish(files);
  if (s.heads) s.heads->finish(files);
  return files;
}

UnitTables::UnitTables(const std::string& folder, const std::vector<Site>& sites)
    : sites_(sites),
      units_(folder + "/" + units_table().file, units_table().columns),
      histograms_(folder + "/" + histograms_table().file, histograms_table().columns),
      peaks_(folder + "/" + peaks_table().file, peaks_table().columns) {
  uint64_t n_units = 0;
  for (const Site& site : sites) n_units += site.n_units;
  if (n_heads(sites) > 0) heads_.emplace(folder);
  if (heads_ && heads_->n_heads() != n_heads(sites)) {
    fail(Code::corrupt, "{}: {} has {} heads; the manifest has {}", folder, heads_table().file,
         heads_->n_heads(), n_heads(sites));
  }
  if (units_.n_rows() == n_units && histograms_.n_rows() == n_units) return;
  fail(Code::corrupt, "{}: {} rows in {} and {} in {}; the manifest has {} units", folder,
       units_.n_rows(), units_table().file, histograms_.n_rows(), histograms_table().file, n_units);
}

UnitAddress unit_address(const std::vector<Site>& sites, std::string_view text) {
  UnitAddress address = parse_unit_address(text);
  address.site = sites[find_site(sites, address.site)].name;
  unit_row(sites, address);
  return address;
}

uint64_t unit_row(const std::vector<Site>& sites, const UnitAddress& address) {
  const size_t found = find_site(sites, address.site);
  uint64_t row = 0;
  for (size_t s = 0; s < found; ++s) row += sites[s].n_units;
  const Site& site = sites[found];
  if (address.index < site.n_units) return row + address.index;
  fail(Code::not_found, "no unit {}/{}: {} has the units 0 to {}", short_site_name(site.name),
       address.index, short_site_name(site.name), site.n_units - 1);
}

uint64_t n_dense_units(const std::vector<Site>& sites) {
  uint64_t n = 0;
  for (const Site& site : sites) n += is_sparse_site(site.name) ? 0 : site.n_units;
  return n;
}

uint64_t n_heads(const std::vector<Site>& sites) {
  uint64_t n = 0;
  for (const Site& site : sites) n += is_attention_site(site.name) ? site.n_units : 0;
  return n;
}

uint64_t n_token_units(const std::vector<Site>& sites) {
  return n_dense_units(sites) - n_heads(sites);
}

namespace {

Summary summary_at(const TableBatch& batch, size_t i) {
  Summary summary;
  summary.count = batch.column<uint64_t>(kCount)[i];
  summary.n_nan = batch.column<uint64_t>(kNan)[i];
  summary.n_infinite = batch.column<uint64_t>(kInfinite)[i];
  summary.n_positive = batch.column<uint64_t>(kPositive)[i];
  summary.mean = batch.column<double>(kMean)[i];
  summary.variance = batch.column<double>(kVariance)[i];
  summary.skewness = batch.column<double>(kSkewness)[i];
  summary.kurtosis = batch.column<double>(kKurtosis)[i];
  summary.min = batch.column<float>(kMin)[i];
  summary.max = batch.column<float>(kMax)[i];
  summary.min_at = {batch.column<uint32_t>(kMinSequence)[i],
                    batch.column<uint32_t>(kMinPosition)[i]};
  summary.max_at = {batch.column<uint32_t>(kMaxSequence)[i],
                    batch.column<uint32_t>(kMaxPosition)[i]};
  return summary;
}

PowerSums sums_at(const TableBatch& batch, size_t i) {
  PowerSums sums;
  const auto bytes = batch.fixed_bytes(kPowerSums).subspan(i * kSumLimbs * sizeof(uint64_t));
  for (size_t power = 0; power < sums.sum.size(); ++power) {
    std::memcpy(sums.sum[power].limbs().data(),
                bytes.data() + power * ExactSum::kLimbs * sizeof(uint64_t),
                ExactSum::kLimbs * sizeof(uint64_t));
  }
  return sums;
}

SparseHistogram histogram_at(const TableBatch& batch, size_t bins, size_t counts, size_t i) {
  const auto b = batch.lists<uint16_t>(bins)[i];
  const auto c = batch.lists<uint64_t>(counts)[i];
  if (b.size() != c.size())
    fail(Code::corrupt, "a histogram has {} bins and {} counts", b.size(), c.size());
  return {{b.begin(), b.end()}, {c.begin(), c.end()}};
}

// Found once for the hundred peaks of a unit.
struct PeakColumns {
  explicit PeakColumns(const TableBatch& batch)
      : groups(batch.column<uint16_t>(kGroups)),
        sequences(batch.column<uint32_t>(kSequence)),
        positions(batch.column<uint32_t>(kPosition)),
        values(batch.column<float>(kValue)),
        ranks(batch.column<uint32_t>(kRank)),
        window_begins(batch.column<uint32_t>(kWindowBegin)),
        windows(batch.lists<float>(kWindow)) {}

  KeptPeak peak(size_t i) const {
    KeptPeak peak;
    peak.groups = groups[i];
    peak.at = {sequences[i], positions[i]};
    peak.value = values[i];
    peak.rank = ranks[i];
    peak.window_begin = window_begins[i];
    peak.window = windows[i];
    return peak;
  }

  std::span<const uint16_t> groups;
  std::span<const uint32_t> sequences, positions;
  std::span<const float> values;
  std::span<const uint32_t> ranks, window_begins;
  Lists<float> windows;
};

}  // namespace

UnitRecord UnitTables::unit(uint64_t row) const {
  const size_t index = units_.batch_of(row);
  const size_t i = row - units_.first_row(index);
  const TableBatch units = units_.batch(index), histograms = histograms_.batch(index);
  if (histograms.n_rows() != units.n_rows()) {
    fail(Code::corrupt, "{}: {} rows in record batch {}; {} has {}", histograms_table().file,
         histograms.n_rows(), index, units_table().file, units.n_rows());
  }
  UnitRecord record;
  record.summary = summary_at(units, i);
  record.sums = sums_at(units, i);
  record.values = histogram_at(histograms, kValueBins, kValueCounts, i);
  record.maxima = histogram_at(histograms, kMaximumBins, kMaximumCounts, i);
  const uint64_t first = units.column<uint64_t>(kFirstPeak)[i];
  const uint64_t n = units.column<uint32_t>(kNumPeaks)[i];
  if (index >= peaks_.n_batches()) fail(Code::corrupt, "unit row {} has no batch of peaks", row);
  const TableBatch peaks = peaks_.batch(index);
  if (first < peaks_.first_row(index) || first + n > peaks_.first_row(index) + peaks.n_rows()) {
    fail(Code::corrupt, "unit row {} claims the peaks {} to {}", row, first, first + n);
  }
  const PeakColumns columns(peaks);
  if (n > 0) record.maximum_peaks.reserve(n);
  for (uint64_t p = first - peaks_.first_row(index);
       n > 0 && p < first + n - peaks_.first_row(index); ++p) {
    const KeptPeak peak = columns.peak(p);
    (peak.groups & kBottom ? record.minimum_peaks : record.maximum_peaks).push_back(peak);
  }
  const uint64_t first_head = n_token_units(sites_);
  if (heads_ && row >= first_head && row - first_head < heads_->n_heads()) {
    record.head = heads_->head(row - first_head);
  }
  return record;
}

uint64_t UnitTables::first_peak(uint64_t row) const {
  const size_t index = units_.batch_of(row);
  return units_.batch(index).column<uint64_t>(kFirstPeak)[row - units_.first_row(index)];
}

Summary UnitTables::summary(uint64_t row) const {
  const size_t index = units_.batch_of(row);
  return summary_at(units_.batch(index), row - units_.first_row(index));
}

SparseHistogram UnitTables::values(uint64_t row) const {
  const size_t index = histograms_.batch_of(row);
  return histogram_at(histograms_.batch(index), kValueBins, kValueCounts,
                      row - histograms_.first_row(index));
}

PeaksOfUnits UnitTables::peaks(size_t index) const {
  const TableBatch batch = peaks_.batch(index);
  if (index >= units_.n_batches()) fail(Code::corrupt, "batch {} of peaks has no units", index);
  const TableBatch units = units_.batch(index);
  PeaksOfUnits peaks{.first_unit = units_.first_row(index),
                     .min = units.column<float>(kMin),
                     .max = units.column<float>(kMax),
                     .ranges = {},
                     .groups = batch.column<uint16_t>(kGroups),
                     .sequences = batch.column<uint32_t>(kSequence),
                     .positions = batch.column<uint32_t>(kPosition),
                     .window_begins = batch.column<uint32_t>(kWindowBegin),
                     .values = batch.column<float>(kValue),
                     .windows = batch.lists<float>(kWindow)};
  const auto first = units.column<uint64_t>(kFirstPeak);
  const auto n = units.column<uint32_t>(kNumPeaks);
  const uint64_t base = peaks_.first_row(index);
  for (size_t i = 0; i < units.n_rows(); ++i) {
    if (first[i] < base || first[i] - base > batch.n_rows() ||
        n[i] > batch.n_rows() - (first[i] - base)) {
      fail(Code::corrupt, "unit row {} claims {} peaks from {} on; batch {} has {} from {} on",
           peaks.first_unit + i, n[i], first[i], index, batch.n_rows(), base);
    }
    peaks.ranges.emplace_back(first[i] - base, first[i] - base + n[i]);
  }
  return peaks;
}

std::vector<Summary> UnitTables::summaries(size_t site) const {
  uint64_t row = 0;
  for (size_t s = 0; s < site; ++s) row += sites_[s].n_units;
  std::vector<Summary> summaries;
  for (const uint64_t end = row + sites_[site].n_units; row < end;) {
    const size_t index = units_.batch_of(row);
    const TableBatch batch = units_.batch(index);
    for (size_t i = row - units_.first_row(index); i < batch.n_rows() && row < end; ++i, ++row) {
      summaries.push_back(summary_at(batch, i));
    }
  }
  return summaries;
}

}  // namespace actogram
