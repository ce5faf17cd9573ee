#include "core/sparse_summary.h"

#include <map>
#include <utility>

#include "core/histogram.h"

namespace actogram {
namespace {

// The first known token of [begin, end) that has none of the events, which lie in there too.
std::optional<uint64_t> first_zero(uint64_t begin, uint64_t end, std::span<const uint32_t> tokens,
                                   const KnownTokens& known) {
  auto next = tokens.begin();
  for (auto token = known.first(begin, end); token; token = known.first(*token + 1, end)) {
    if (next == tokens.end() || *next != *token) return token;
    ++next;
  }
  return std::nullopt;
}

class Counts {
 public:
  void add(float value, uint64_t n) {
    if (n > 0) counts_[static_cast<uint16_t>(bin_of(value))] += n;
  }
  SparseHistogram histogram() const {
    SparseHistogram histogram;
    for (const auto& [bin, count] : counts_) {
      histogram.bins.push_back(bin);
      histogram.counts.push_back(count);
    }
    return histogram;
  }

 private:
  std::map<uint16_t, uint64_t> counts_;
};

// Added position by position, as core/moments.h wants; zeros add nothing.
std::array<double, 4> powers_of(std::span<const float> values) {
  std::array<double, 4> sums = {};
  for (const double v : values) {
    const double v2 = v * v;
    sums = {sums[0] + v, sums[1] + v2, sums[2] + v2 * v, sums[3] + v2 * v2};
  }
  return sums;
}

void set_extremes(const SparseValues& events, const SparseCorpus& corpus, Summary& summary) {
  std::optional<SparsePeak> low, high;
  for (size_t i = 0; i < events.tokens.size(); ++i) {
    const SparsePeak here{events.tokens[i], events.values[i]};
    if (!low || here.value < low->value) low = here;
    if (!high || here.value > high->value) high = here;
  }
  if (summary.count > events.tokens.size()) {
    const auto zero = first_zero(0, corpus.n_tokens(), events.tokens, corpus.known());
    if (zero && (!low || low->value > 0)) low = {*zero, 0};
    if (zero && (!high || high->value < 0)) high = {*zero, 0};
  }
  if (!low) return;
  summary.min = low->value, summary.min_at = corpus.place_of(low->token);
  summary.max = high->value, summary.max_at = corpus.place_of(high->token);
}

}  // namespace

SparseCorpus::SparseCorpus(std::vector<uint64_t> first_token, KnownTokens known)
    : first_token_(std::move(first_token)), known_(known) {
  for (uint32_t s = 0; s < n_sequences(); ++s) {
    const uint64_t n = known_.count(first_token_[s], first_token_[s + 1]);
    n_known_.push_back(static_cast<uint32_t>(n));
    n_known_tokens_ += n;
    n_known_sequences_ += n > 0;
  }
}

uint32_t SparseCorpus::sequence_of(uint64_t token) const {
  const auto after = std::ranges::upper_bound(first_token_, token);
  return static_cast<uint32_t>(after - first_token_.begin() - 1);
}

Place SparseCorpus::place_of(uint64_t token) const {
  const uint32_t sequence = sequence_of(token);
  return {sequence, static_cast<uint32_t>(token - first_token_[sequence])};
}

std::vector<FiringSequence> firing_sequences(const SparseValues& events,
                                             const SparseCorpus& corpus) {
  std::vector<FiringSequence> firing;
  for (size_t begin = 0, end = 0; begin < events.tokens.size(); begin = end) {
    const uint32_t sequence = corpus.sequence_of(events.tokens[begin]);
    const uint64_t limit = corpus.first_token(sequence + 1);
    while (end < events.tokens.size() && events.tokens[end] < limit) ++end;
    firing.push_back({sequence, begin, end});
  }
  return firing;
}

SparsePeak highest_in(const FiringSequence& firing, const SparseValues& events,
                      const SparseCorpus& corpus) {
  SparsePeak peak{events.tokens[firing.begin], events.values[firing.begin]};
  for (size_t i = firing.begin + 1; i < firing.end; ++i) {
    if (events.values[i] > peak.value) peak = {events.tokens[i], events.values[i]};
  }
  const size_t n = firing.end - firing.begin;
  if (peak.value > 0 || n == corpus.n_known(firing.sequence)) return peak;
  const auto zero =
      first_zero(corpus.first_token(firing.sequence), corpus.first_token(firing.sequence + 1),
                 events.tokens.subspan(firing.begin, n), corpus.known());
  return zero ? SparsePeak{*zero, 0} : peak;
}

UnitRecord summarise_events(const SparseValues& events, const SparseCorpus& corpus) {
  UnitRecord unit;
  unit.summary.count = corpus.n_known();
  Counts values, maxima;
  for (const float value : events.values) {
    unit.summary.n_positive += value > 0;
    values.add(value, 1);
  }
  values.add(0, corpus.n_known() - events.tokens.size());
  const std::vector<FiringSequence> firing = firing_sequences(events, corpus);
  for (const FiringSequence& sequence : firing) {
    unit.sums.add(powers_of(events.values.subspan(sequence.begin, sequence.end - sequence.begin)));
    maxima.add(highest_in(sequence, events, corpus).value, 1);
  }
  maxima.add(0, corpus.n_known_sequences() - firing.size());
  unit.values = values.histogram();
  unit.maxima = maxima.histogram();
  set_extremes(events, corpus, unit.summary);
  set_moments(unit.sums, unit.summary);
  return unit;
}

}  // namespace actogram
