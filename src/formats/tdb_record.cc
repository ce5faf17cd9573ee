#include "formats/tdb_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

#include "actogram/error.h"
#include "actogram/types.h"
#include "formats/pair_triangle.h"

namespace actogram {
namespace {

uint16_t group_of_list(uint32_t list) {
  if (list == RecordExcerpt::kTop) return kTop;
  if (list == RecordExcerpt::kRandom) return kRandom;
  return static_cast<uint16_t>(kBucket0 << (list - RecordExcerpt::kFirstBucket));
}

// Two excerpts are the same if their tokens are, each for itself: their lengths, then their texts.
Hash128 hash_of_tokens(const NeuronRecord& record, const RecordExcerpt& excerpt,
                       std::string& scratch) {
  const auto ends = std::span(record.tokens_end).subspan(excerpt.first_token, excerpt.n_tokens);
  const size_t begin = excerpt.first_token == 0 ? 0 : record.tokens_end[excerpt.first_token - 1];
  scratch.resize((ends.size() + 1) * sizeof(uint64_t));
  const uint64_t n = ends.size();
  std::memcpy(scratch.data(), &n, sizeof(n));
  for (size_t i = 0; i < ends.size(); ++i) {
    const uint64_t end = ends[i] - begin;
    std::memcpy(scratch.data() + (i + 1) * sizeof(end), &end, sizeof(end));
  }
  if (!ends.empty()) scratch.append(record.text, begin, ends.back() - begin);
  return hash128(std::as_bytes(std::span(scratch)));
}

bool lengths_fit(const RecordExcerpt& excerpt, ValuesOf values) {
  if (excerpt.n_tokens == 0) return false;
  return values == ValuesOf::tokens ? excerpt.n_values == excerpt.n_tokens
                                    : pair_triangle(excerpt.n_tokens, excerpt.n_values).has_value();
}

[[noreturn]] void fail_lengths(const RecordExcerpt& excerpt, ValuesOf values,
                               const std::string& where) {
  const size_t n_tokens = excerpt.n_tokens;
  if (n_tokens == 0) fail(Code::corrupt, "{}: no tokens", where);
  if (values == ValuesOf::pairs) {
    fail(Code::corrupt,
         "{}: {} values for {} tokens are no triangle of pairs; of all pairs there are {}", where,
         excerpt.n_values, n_tokens, triangle_number(n_tokens));
  }
  const bool triangle = pair_triangle(n_tokens, excerpt.n_values).has_value();
  fail(Code::corrupt, "{}: {} values for {} tokens; expected {}{}", where, excerpt.n_values,
       n_tokens, n_tokens,
       triangle ? "; if they are of pairs, as of attention heads: --site attn.hook_pattern" : "");
}

void add_values(PreparedRecord& prepared, const RecordExcerpt& excerpt, ValuesOf values) {
  const auto add = [&](std::span<const double> numbers) {
    for (const double number : numbers) prepared.values.push_back(static_cast<float>(number));
  };
  const auto numbers = prepared.record.values_of(excerpt);
  const auto triangle =
      values == ValuesOf::pairs ? pair_triangle(excerpt.n_tokens, excerpt.n_values) : std::nullopt;
  triangle ? add(to_square(*triangle, numbers)) : add(numbers);
}

PreparedPeak prepared_peak(PreparedRecord& prepared, const RecordExcerpt& excerpt,
                           ValuesOf values) {
  PreparedPeak peak{.excerpt = excerpt};
  if (!excerpt.known) peak.tokens = hash_of_tokens(prepared.record, excerpt, prepared.scratch);
  peak.group = group_of_list(excerpt.list);
  peak.form = static_cast<ValueForm>(excerpt.form);
  peak.first_value = prepared.values.size();
  add_values(prepared, excerpt, values);
  peak.n_values = prepared.values.size() - peak.first_value;
  peak.value = std::numeric_limits<float>::quiet_NaN();
  size_t at = 0;
  for (size_t i = 0; i < peak.n_values; ++i) {
    const float value = prepared.values[peak.first_value + i];
    if (std::isfinite(value) && !(value <= peak.value)) peak.value = value, at = i;
  }
  size_t query = at;
  if (values == ValuesOf::pairs) {
    for (query = 0; triangle_number(query + 1) <= at;) ++query;
    peak.key = static_cast<uint32_t>(at - triangle_number(query));
  }
  peak.position = static_cast<uint32_t>(query);
  return peak;
}

// The published lists are not always in order.
void sort_top(std::vector<PreparedPeak>& peaks) {
  const auto end = std::ranges::find_if(peaks, [](const auto& p) { return p.group != kTop; });
  std::stable_sort(peaks.begin(), end, [](const PreparedPeak& a, const PreparedPeak& b) {
    return a.value > b.value || (std::isnan(b.value) && !std::isnan(a.value));
  });
}

}  // namespace

void prepare_record(PreparedRecord& prepared, ValuesOf values, const std::string& what) {
  NeuronRecord& record = prepared.record;
  prepared.peaks.clear();
  prepared.values.clear();
  if (record.n_buckets > kNumBuckets) {
    fail(Code::unsupported, "{}: random_sample_by_quantile has {} lists; at most {} are read", what,
         record.n_buckets, kNumBuckets);
  }
  std::ranges::stable_sort(record.excerpts, {}, &RecordExcerpt::list);
  uint32_t list = UINT32_MAX;
  uint32_t rank = 0;
  for (const RecordExcerpt& excerpt : record.excerpts) {
    rank = excerpt.list == list ? rank + 1 : 0;
    list = excerpt.list;
    if (!lengths_fit(excerpt, values)) {
      fail_lengths(excerpt, values,
                   fmt::format("{}: {}, record {}", what, name_of_list(list), rank));
    }
    prepared.peaks.push_back(prepared_peak(prepared, excerpt, values));
    prepared.peaks.back().rank = rank;
  }
  if (prepared.peaks.empty() || prepared.peaks.front().group != kTop) {
    fail(Code::corrupt,
         "{}: most_positive_activation_records is empty, so nothing is known of the unit's highest "
         "values",
         what);
  }
  sort_top(prepared.peaks);
  uint32_t place = 0;
  for (PreparedPeak& peak : prepared.peaks) {
    if (peak.group == kTop) peak.rank = place++;
  }
}

}  // namespace actogram
