#include "store/head_tables.h"

#include <cstring>
#include <vector>

#include "store/layout.h"
#include "store/list_column.h"

namespace actogram {
namespace {

enum HeadColumn : size_t {
  kQueries,
  kEntropyMean,
  kSelfMean,
  kPreviousMean,
  kFirstMean,
  kRepeats,
  kInductionMean,
  kDistancePattern,
  kDistanceValue,
  kFirstPeak,
  kNumPeaks,
  kSums,
};
enum PeakColumn : size_t {
  kGroups,
  kSequence,
  kQuery,
  kKey,
  kValue,
  kRank,
  kWindowBegin,
  kTokens,
  kPattern,
  kKeyNorms,
};
constexpr size_t kSumBytes = kNumHeadSums * ExactSum::kLimbs * sizeof(uint64_t);

struct HeadRows {
  std::vector<uint64_t> n_queries, n_repeats, first_peak, sums;
  std::vector<double> entropy, self, previous, first, induction;
  ListColumn<double> distance_pattern, distance_value;
  std::vector<uint32_t> n_peaks;

  void add(const HeadScores& scores) {
    n_queries.push_back(scores.n_queries);
    n_repeats.push_back(scores.n_repeats);
    entropy.push_back(scores.mean(kEntropy));
    self.push_back(scores.mean(kSelf));
    previous.push_back(scores.mean(kPrevious));
    first.push_back(scores.mean(kFirst));
    induction.push_back(scores.mean(kInduction));
    for (size_t bin = 0; bin < kNumDistanceBins; ++bin) {
      distance_pattern.values.push_back(scores.sums[kPatternByDistance + bin].value());
      distance_value.values.push_back(scores.sums[kValueByDistance + bin].value());
    }
    distance_pattern.end_row(), distance_value.end_row();
    for (const ExactSum& sum : scores.sums) {
      sums.insert(sums.end(), sum.limbs().begin(), sum.limbs().end());
    }
  }
};

struct HeadPeakRows {
  std::vector<uint16_t> groups;
  std::vector<uint32_t> sequence, query, key, rank, window_begin, n;
  std::vector<float> value;
  ListColumn<float> pattern, key_norms;

  void add(const HeadPeak& peak) {
    groups.push_back(peak.groups);
    sequence.push_back(peak.at.sequence);
    query.push_back(peak.at.position);
    key.push_back(peak.key);
    value.push_back(peak.value);
    rank.push_back(peak.rank);
    window_begin.push_back(peak.window_begin);
    n.push_back(peak.n);
    pattern.add(peak.pattern);
    key_norms.add(peak.key_norms);
  }
};

template <typename T>
std::span<const T> whole(const std::vector<T>& values) {
  return values;
}

}  // namespace

struct HeadWriter::State {
  explicit State(const std::string& folder)
      : heads(folder + "/" + heads_table().file, heads_table().columns),
        peaks(folder + "/" + head_peaks_table().file, head_peaks_table().columns) {}

  TableWriter heads, peaks;
  HeadRows rows;
  HeadPeakRows peak_rows;
  uint64_t n_peaks = 0;

  void flush() {
    const ColumnData head_columns[] = {whole(rows.n_queries),
                                       whole(rows.entropy),
                                       whole(rows.self),
                                       whole(rows.previous),
                                       whole(rows.first),
                                       whole(rows.n_repeats),
                                       whole(rows.induction),
                                       rows.distance_pattern.lists(),
                                       rows.distance_value.lists(),
                                       whole(rows.first_peak),
                                       whole(rows.n_peaks),
                                       std::as_bytes(whole(rows.sums))};
    heads.write(rows.n_queries.size(), head_columns);
    const HeadPeakRows& p = peak_rows;
    const ColumnData peak_columns[] = {whole(p.groups),       whole(p.sequence), whole(p.query),
                                       whole(p.key),          whole(p.value),    whole(p.rank),
                                       whole(p.window_begin), whole(p.n),        p.pattern.lists(),
                                       p.key_norms.lists()};
    peaks.write(p.groups.size(), peak_columns);
    rows = {}, peak_rows = {};
  }
};

HeadWriter::HeadWriter(const std::string& folder) : state_(std::make_unique<State>(folder)) {}
HeadWriter::~HeadWriter() = default;
HeadWriter::HeadWriter(HeadWriter&&) noexcept = default;

void HeadWriter::add(const HeadRecord& head) {
  State& s = *state_;
  s.rows.add(head.scores);
  s.rows.first_peak.push_back(s.n_peaks);
  s.rows.n_peaks.push_back(static_cast<uint32_t>(head.peaks.size()));
  s.n_peaks += head.peaks.size();
  for (const HeadPeak& peak : head.peaks) s.peak_rows.add(peak);
  if (s.rows.n_queries.size() == kHeadsPerBatch) s.flush();
}

void HeadWriter::finish(StoredFiles& into) {
  State& s = *state_;
  if (!s.rows.n_queries.empty()) s.flush();
  const auto finish_table = [&](TableWriter& writer, const TableSpec& table) {
    writer.finish();
    into[table.file] = {writer.n_rows(), writer.n_bytes(), writer.checksum()};
  };
  finish_table(s.heads, heads_table());
  finish_table(s.peaks, head_peaks_table());
}

HeadTable::HeadTable(const std::string& folder)
    : heads_(folder + "/" + heads_table().file, heads_table().columns),
      peaks_(folder + "/" + head_peaks_table().file, head_peaks_table().columns) {}

namespace {

HeadScores scores_at(const TableBatch& batch, size_t i) {
  HeadScores scores;
  scores.n_queries = batch.column<uint64_t>(kQueries)[i];
  scores.n_repeats = batch.column<uint64_t>(kRepeats)[i];
  const auto bytes = batch.fixed_bytes(kSums).subspan(i * kSumBytes, kSumBytes);
  size_t at = 0;
  for (ExactSum& sum : scores.sums) {
    std::memcpy(sum.limbs().data(), bytes.data() + at, sizeof(sum.limbs()));
    at += sizeof(sum.limbs());
  }
  return scores;
}

HeadPeak peak_at(const TableBatch& batch, size_t i) {
  HeadPeak peak;
  peak.groups = batch.column<uint16_t>(kGroups)[i];
  peak.at = {batch.column<uint32_t>(kSequence)[i], batch.column<uint32_t>(kQuery)[i]};
  peak.key = batch.column<uint32_t>(kKey)[i];
  peak.value = batch.column<float>(kValue)[i];
  peak.rank = batch.column<uint32_t>(kRank)[i];
  peak.window_begin = batch.column<uint32_t>(kWindowBegin)[i];
  peak.n = batch.column<uint32_t>(kTokens)[i];
  peak.pattern = batch.lists<float>(kPattern)[i];
  peak.key_norms = batch.lists<float>(kKeyNorms)[i];
  const bool fits = peak.pattern.size() == triangle_size(peak.n) &&
                    (peak.key_norms.empty() || peak.key_norms.size() == peak.n);
  if (fits) return peak;
  fail(Code::corrupt, "{}: a window of {} tokens with {} pairs and {} norms, expected {} and {}",
       head_peaks_table().file, peak.n, peak.pattern.size(), peak.key_norms.size(),
       triangle_size(peak.n), peak.n);
}

}  // namespace

HeadScores HeadTable::scores(uint64_t number) const {
  const size_t index = heads_.batch_of(number);
  return scores_at(heads_.batch(index), number - heads_.first_row(index));
}

std::array<double, 5> HeadTable::means(uint64_t number) const {
  const size_t index = heads_.batch_of(number);
  const TableBatch batch = heads_.batch(index);
  const size_t i = number - heads_.first_row(index);
  const auto mean = [&](size_t column) { return batch.column<double>(column)[i]; };
  return {mean(kEntropyMean), mean(kSelfMean), mean(kPreviousMean), mean(kFirstMean),
          mean(kInductionMean)};
}

HeadRecord HeadTable::head(uint64_t number) const {
  const size_t index = heads_.batch_of(number);
  const TableBatch heads = heads_.batch(index);
  const size_t i = number - heads_.first_row(index);
  HeadRecord head{scores_at(heads, i), {}};
  const uint64_t first = heads.column<uint64_t>(kFirstPeak)[i];
  const uint64_t n = heads.column<uint32_t>(kNumPeaks)[i];
  if (index >= peaks_.n_batches()) {
    fail(Code::corrupt, "{}: no record batch of head {}", head_peaks_table().file, number);
  }
  const TableBatch peaks = peaks_.batch(index);
  const uint64_t begin = peaks_.first_row(index);
  if (first < begin || first - begin > peaks.n_rows() || n > peaks.n_rows() - (first - begin)) {
    fail(Code::corrupt, "{}: head {} claims {} rows from {} of {}", heads_table().file, number, n,
         first, head_peaks_table().file);
  }
  for (uint64_t p = first - begin; p < first - begin + n; ++p) {
    head.peaks.push_back(peak_at(peaks, p));
  }
  return head;
}

}  // namespace actogram
