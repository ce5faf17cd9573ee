#include "formats/tdb_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <limits>
#include <span>
#include <type_traits>

namespace actogram {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr const char* kStateFile = "state.json";
constexpr const char* kKeysFile = "excerpt-keys";

// The totals by name, for both directions.
template <typename Totals, typename Visit>
void for_each_total(Totals& totals, Visit visit) {
  visit("n_records", totals.n_records);
  visit("n_explanations", totals.n_explanations);
  visit("n_bytes", totals.n_bytes);
  visit("n_not_finite", totals.n_not_finite);
  visit("top", totals.top);
  visit("random", totals.random);
  visit("per_bucket", totals.per_bucket);
  visit("window", totals.window);
}

std::optional<Json> state_in(const std::string& folder) {
  const std::string path = folder + "/" + kStateFile;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return parse_json(read_file(path), path);
}

TableMarks marks_of(const std::optional<Json>& state) {
  TableMarks marks;
  if (!state) return marks;
  for (const auto& [file, mark] : member(*state, "tables", kStateFile).items()) {
    marks[file] = {field<uint64_t>(mark, "bytes", kStateFile),
                   field<std::string>(mark, "xxh3_128", kStateFile)};
  }
  return marks;
}

// All that is known where nothing was published.
UnitRecord unknown_unit() {
  UnitRecord unit;
  Summary& s = unit.summary;
  s.mean = s.variance = s.skewness = s.kurtosis = kUnknown;
  s.min = s.max = kUnknown;
  return unit;
}

std::string name_of_list(const PreparedPeak& peak) {
  if (peak.group == kTop) return "top";
  if (peak.group == kRandom) return "random";
  return fmt::format("bucket {}", peak.excerpt.list - RecordExcerpt::kFirstBucket);
}

}  // namespace

TdbWriter::TdbWriter(const std::string& folder, const std::vector<Site>& sites, ValuesOf values)
    : folder_(folder),
      values_(values),
      state_(state_in(folder)),
      from_(marks_of(state_)),
      corpus_(folder, from_),
      units_(folder, sites, from_),
      records_(folder, from_),
      explanations_(folder, from_),
      keys_(folder + "/" + kKeysFile),
      n_peaks_(units_.n_peaks()) {
  if (!state_) return;
  for_each_total(totals_, [&](const char* key, auto& total) {
    total = field<std::remove_reference_t<decltype(total)>>(*state_, key, kStateFile);
  });
  std::vector<Hash128> keys(corpus_.n_sequences());
  keys_.read(0, std::as_writable_bytes(std::span(keys)));
  for (uint32_t i = 0; i < keys.size(); ++i) index_.add(keys[i], i);
}

void TdbWriter::skip_to(uint64_t row) {
  while (units_.n_units() < row) add_unit(unknown_unit(), {});
}

void TdbWriter::add_unit(const UnitRecord& unit, const PublishedRecord& published) {
  units_.add(unit);
  records_.add(published);
  if (values_ == ValuesOf::tokens && units_.n_units() % kUnitsPerMark == 0) mark();
}

uint32_t TdbWriter::sequence_of(const PreparedRecord& prepared, const PreparedPeak& peak) {
  if (peak.excerpt.known) return *peak.excerpt.known;
  if (const auto known = index_.find(peak.tokens)) return *known;
  const NeuronRecord& record = prepared.record;
  const RecordExcerpt& excerpt = peak.excerpt;
  const size_t first = excerpt.first_token == 0 ? 0 : record.tokens_end[excerpt.first_token - 1];
  tokens_.clear();
  uint64_t begin = 0;
  for (size_t i = excerpt.first_token; i < excerpt.first_token + excerpt.n_tokens; ++i) {
    const uint64_t end = record.tokens_end[i] - first;
    tokens_.push_back({.id = -1, .begin = begin, .end = end});
    begin = end;
  }
  const uint64_t number = corpus_.n_sequences();
  if (number == UINT32_MAX) fail(Code::unsupported, "more than {} distinct excerpts", UINT32_MAX);
  const std::string name =
      fmt::format("{}/{} {} {}", record.layer, record.index, name_of_list(peak), peak.rank);
  corpus_.add_document({.document = number,
                        .source = 0,
                        .ordinal = number,
                        .name = name,
                        .text = std::string_view(record.text).substr(first, begin),
                        .n_invalid_bytes = 0});
  corpus_.add_sequence(0, peak.tokens.low, tokens_);
  totals_.n_bytes += begin;
  index_.add(peak.tokens, static_cast<uint32_t>(number));
  new_keys_.push_back(peak.tokens);
  return static_cast<uint32_t>(number);
}

void TdbWriter::count(const PreparedRecord& prepared) {
  ++totals_.n_records;
  uint32_t n_of_group[16] = {};
  for (const PreparedPeak& peak : prepared.peaks) {
    ++n_of_group[std::countr_zero(peak.group)];
    totals_.window = std::max(totals_.window, static_cast<uint32_t>(peak.excerpt.n_tokens));
  }
  for (const double value : prepared.record.values) totals_.n_not_finite += !std::isfinite(value);
  const auto most = [&](uint32_t& total, uint16_t group) {
    total = std::max(total, n_of_group[std::countr_zero(group)]);
  };
  most(totals_.top, kTop);
  most(totals_.random, kRandom);
  for (int b = 0; b < kNumBuckets; ++b) most(totals_.per_bucket, uint16_t(kBucket0 << b));
}

KeptPeak TdbWriter::kept_peak(const PreparedRecord& prepared, const PreparedPeak& peak) {
  KeptPeak kept;
  kept.at = {peak.sequence, peak.position};
  kept.value = peak.value;
  kept.rank = peak.rank;
  kept.groups = peak.group;
  kept.window = std::span(prepared.values).subspan(peak.first_value, peak.n_values);
  return kept;
}

// Without norms of keys: the triangle has the values themselves.
HeadPeak TdbWriter::head_peak(const PreparedRecord& prepared, const PreparedPeak& peak) {
  HeadPeak kept;
  kept.at = {peak.sequence, peak.position};
  kept.key = peak.key;
  kept.value = peak.value;
  kept.rank = peak.rank;
  kept.groups = peak.group;
  kept.n = static_cast<uint32_t>(peak.excerpt.n_tokens);
  kept.pattern = std::span(prepared.values).subspan(peak.first_value, peak.n_values);
  return kept;
}

void TdbWriter::add_record(PreparedRecord& prepared) {
  const NeuronRecord& record = prepared.record;
  UnitRecord unit = unknown_unit();
  Summary& summary = unit.summary;
  summary.mean = record.mean, summary.variance = record.variance;
  summary.skewness = record.skewness, summary.kurtosis = record.kurtosis;
  std::string forms;
  if (values_ == ValuesOf::pairs) unit.head.emplace();
  for (PreparedPeak& peak : prepared.peaks) {
    peak.sequence = sequence_of(prepared, peak);
    forms += static_cast<char>(peak.form);
    if (peak.form == ValueForm::others) {
      records_.add_values(n_peaks_, record.values_of(peak.excerpt));
    }
    ++n_peaks_;
    if (unit.head) {
      unit.head->peaks.push_back(head_peak(prepared, peak));
    } else {
      unit.maximum_peaks.push_back(kept_peak(prepared, peak));
    }
  }
  summary.max = prepared.peaks.front().value;
  summary.max_at = unit.head ? unit.head->peaks.front().at : unit.maximum_peaks.front().at;
  count(prepared);
  std::optional<uint32_t> n_buckets;
  if (record.has_buckets) n_buckets = record.n_buckets;
  add_unit(unit, {true, n_buckets, record.boundaries, forms});
}

void TdbWriter::add_explanations(const std::vector<TdbExplanation>& explanations) {
  for (const TdbExplanation& e : explanations) {
    explanations_.add(units_.n_units(), {e.explanation, e.score, e.simulation});
    ++totals_.n_explanations;
  }
}

// The state last: it names nothing that is not on the disk.
void TdbWriter::mark() {
  TableMarks marks;
  corpus_.mark(marks);
  units_.mark(marks);
  records_.mark(marks);
  explanations_.mark(marks);
  keys_.write((corpus_.n_sequences() - new_keys_.size()) * sizeof(Hash128),
              std::as_bytes(std::span(new_keys_)));
  keys_.sync();
  new_keys_.clear();
  Json tables = Json::object();
  for (const auto& [file, mark] : marks) {
    tables[file] = {{"bytes", mark.n_bytes}, {"xxh3_128", mark.checksum}};
  }
  Json state = {{"tables", std::move(tables)}};
  for_each_total(totals_, [&](const char* key, auto& total) { state[key] = total; });
  write_file_atomically(folder_ + "/" + kStateFile, to_text(state));
}

void TdbWriter::finish(StoredFiles& files) {
  files.merge(corpus_.finish());
  files.merge(units_.finish());
  records_.finish(files);
  explanations_.finish(files);
  if (totals_.n_explanations == 0) files.erase(scored_explanations_table().file);
}

}  // namespace actogram
