#include "query/head_view.h"

#include <algorithm>
#include <map>

#include "codec/utf8.h"
#include "query/recording_excerpt.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr size_t kTokensShown = 20;

float value_at(const HeadPeak& peak, uint32_t q, uint32_t k) {
  const float pattern = peak.pattern[triangle_at(q, k)];
  return peak.key_norms.empty() ? pattern : pattern * peak.key_norms[k];
}

class TokenWeights {
 public:
  void add(const Token& token, std::string_view document, double weight) {
    const auto [sum, is_new] = sums_.try_emplace(token.id, TokenWeight{.id = token.id});
    if (is_new && token.begin < token.end && token.end <= document.size()) {
      sum->second.text = printable(document.substr(token.begin, token.end - token.begin));
    }
    sum->second.weight += weight;
  }

  std::vector<TokenWeight> heaviest() const {
    std::vector<TokenWeight> found;
    for (const auto& [id, sum] : sums_) {
      if (sum.weight > 0) found.push_back(sum);
    }
    std::ranges::stable_sort(found, std::greater(), &TokenWeight::weight);
    if (found.size() > kTokensShown) found.resize(kTokensShown);
    return found;
  }

 private:
  std::map<int32_t, TokenWeight> sums_;
};

}  // namespace

HeadView view_of(const Recording& recording, const HeadRecord& head) {
  HeadView view{head.scores, {}, {}};
  TokenWeights queries, keys;
  for (const HeadPeak& peak : head.peaks) {
    if (!(peak.groups & kTop)) continue;
    const SequenceRow sequence = recording.corpus().sequence(peak.at.sequence);
    const DocumentRow document = recording.corpus().document(sequence.document_row);
    const auto tokens = recording.corpus().tokens(sequence);
    if (peak.window_begin > tokens.size() || peak.n > tokens.size() - peak.window_begin) {
      fail(Code::corrupt, "{}: a window ends at position {} of a sequence of {} tokens",
           recording.path(), uint64_t{peak.window_begin} + peak.n, tokens.size());
    }
    std::vector<double> of_query(peak.n), of_key(peak.n);
    for (uint32_t q = 0; q < peak.n; ++q) {
      for (uint32_t k = 0; k <= q; ++k) {
        const double value = value_at(peak, q, k);
        of_query[q] += value, of_key[k] += value;
      }
    }
    for (uint32_t t = 0; t < peak.n; ++t) {
      queries.add(tokens[peak.window_begin + t], document.text, of_query[t]);
      keys.add(tokens[peak.window_begin + t], document.text, of_key[t]);
    }
  }
  view.query_tokens = queries.heaviest();
  view.key_tokens = keys.heaviest();
  return view;
}

Excerpt excerpt_of(const Recording& recording, const HeadPeak& peak) {
  if (peak.at.position < peak.window_begin || peak.at.position - peak.window_begin >= peak.n) {
    fail(Code::corrupt, "{}: a window of {} tokens from position {} on does not hold its query, {}",
         recording.path(), peak.n, peak.window_begin, peak.at.position);
  }
  const uint32_t query = peak.at.position - peak.window_begin;
  std::vector<float> of_keys(peak.n);
  for (uint32_t k = 0; k <= query; ++k) of_keys[k] = value_at(peak, query, k);
  KeptPeak seen;
  seen.at = peak.at, seen.value = peak.value;
  seen.window_begin = peak.window_begin, seen.window = of_keys;
  Excerpt excerpt = excerpt_of(recording, seen);
  ExcerptPairs& pairs = excerpt.pairs.emplace();
  pairs.key = peak.key;
  pairs.n = peak.n;
  pairs.pattern.assign(peak.pattern.begin(), peak.pattern.end());
  pairs.key_norms.assign(peak.key_norms.begin(), peak.key_norms.end());
  return excerpt;
}

std::vector<StrongKey> strongest_keys(const ExcerptPairs& pairs, uint32_t query, size_t n) {
  std::vector<StrongKey> keys;
  for (uint32_t k = 0; k <= query; ++k) {
    if (pairs.value(query, k) > 0) keys.push_back({k, pairs.value(query, k)});
  }
  std::ranges::stable_sort(keys, std::greater(), &StrongKey::value);
  if (keys.size() > n) keys.resize(n);
  return keys;
}

}  // namespace actogram
