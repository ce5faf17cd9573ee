// What the events of a sparse unit say of all its values: the summary, sums and histograms that
// collating every value would give, bit for bit, at the cost of the events alone. A value at a
// token without an event is 0, as far as it is known at all.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/known_tokens.h"
#include "core/unit_record.h"

namespace actogram {

// A unit's events; tokens ascend.
struct SparseValues {
  std::span<const uint32_t> tokens;
  std::span<const float> values;
};

// The corpus as sparse units see it: where its sequences begin, and where anything is known.
class SparseCorpus {
 public:
  // `first_token` is [sequence + 1]: token rows, the last one the number of tokens.
  SparseCorpus(std::vector<uint64_t> first_token, KnownTokens known);

  uint64_t n_tokens() const { return first_token_.back(); }
  uint32_t n_sequences() const { return static_cast<uint32_t>(first_token_.size() - 1); }
  uint64_t first_token(uint32_t sequence) const { return first_token_[sequence]; }
  uint32_t sequence_of(uint64_t token) const;
  Place place_of(uint64_t token) const;

  const KnownTokens& known() const { return known_; }
  uint32_t n_known(uint32_t sequence) const { return n_known_[sequence]; }
  uint64_t n_known() const { return n_known_tokens_; }
  uint32_t n_known_sequences() const { return n_known_sequences_; }

 private:
  std::vector<uint64_t> first_token_;
  KnownTokens known_;
  std::vector<uint32_t> n_known_;  // [sequence]
  uint64_t n_known_tokens_ = 0;
  uint32_t n_known_sequences_ = 0;  // of which any token is known
};

// A sequence in which a unit has events.
struct FiringSequence {
  uint32_t sequence = 0;
  size_t begin = 0, end = 0;  // its events
};
std::vector<FiringSequence> firing_sequences(const SparseValues& events,
                                             const SparseCorpus& corpus);

// The sequence's highest value, and where it is first: an event, or a 0 if all events are negative
// and a token is left.
struct SparsePeak {
  uint64_t token = 0;
  float value = 0;
};
SparsePeak highest_in(const FiringSequence& firing, const SparseValues& events,
                      const SparseCorpus& corpus);

// Without peaks: collate/sparse_exemplars.h. Requires: every event is at a known token.
UnitRecord summarise_events(const SparseValues& events, const SparseCorpus& corpus);

}  // namespace actogram
