// HeadBlock collates one attention head: its values at all pairs, and how its pattern lies
// (core/head_record.h).
//
// A sequence is a triangle of pairs, read query by query. Sixteen neighbouring keys go side by
// side, and key k always into lane k mod 16, so a sum does not depend on the vector width. Of a
// pair it takes value, powers, bin, entropy and distance; of a sequence the highest pair, which is
// offered to the excerpts. What is kept goes to the WindowSink at once: the triangle, then the
// norms. A head is used by one thread at a time; heads share nothing but the sink.
//
// Cost: some 4 ns a pair; 20 kB a head with the default counts, and its windows elsewhere.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "collate/unit_block.h"
#include "core/unit_record.h"
#include "core/window_sink.h"

namespace actogram {

// One head in one sequence.
struct HeadTriangle {
  const float* pattern = nullptr;  // A of the first query at the first key
  size_t query_stride = 0;
  const float* norms = nullptr;  // [key]
  uint32_t n = 0;                // tokens
  uint32_t first_key = 0;        // 1 where the first is left out of the values

  const float* query(uint32_t q) const { return pattern + q * query_stride; }
  float value(uint32_t q, uint32_t k) const { return query(q)[k] * norms[k]; }
};

// A pair whose key follows an earlier occurrence of the query's token.
struct RepeatedToken {
  uint32_t query = 0, key = 0;

  bool operator==(const RepeatedToken&) const = default;
};
// Of a sequence's tokens, by query, then key.
void find_repeats(std::span<const int32_t> tokens, std::vector<RepeatedToken>& into);

// Buffers of one thread, reused from batch to batch.
struct HeadScratch {
  std::vector<float> norms;              // [row], for whoever computes them
  std::vector<float> values;             // [key] of one query
  std::vector<uint16_t> bins;            // [key] of one query
  std::vector<double> pattern_from_end;  // [n - 1 - distance], so that a query's keys ascend
  std::vector<double> value_from_end;
};

class HeadBlock {
 public:
  HeadBlock(std::string_view site, uint32_t unit, const CollateOptions& options);

  // Requires: each sequence comes once.
  void observe(const HeadTriangle& triangle, const BatchSequence& sequence,
               std::span<const RepeatedToken> repeats, HeadScratch& scratch, WindowSink& sink);

  UnitRecord record() const;               // windows as references
  void restore(const UnitRecord& record);  // into a fresh block

  template <typename Visitor>  // visit(uint64_t& window_ref, wear), uint32_t wear()
  void for_each_window(Visitor visit) {
    for (HeadPeak& peak : head_.peaks) visit(peak.window_ref, [] { return 0U; });
  }

 private:
  struct Extremes;
  struct Sums;

  void take(const HeadTriangle& triangle, HeadScratch& scratch, Sums& sums, Extremes& extremes);
  void take_query(const HeadTriangle& triangle, uint32_t q, HeadScratch& scratch, Sums& sums,
                  Extremes& extremes);
  void take_finite(const HeadTriangle& triangle, Sums& sums, Extremes& extremes);
  void add_scores(const HeadTriangle& triangle, std::span<const RepeatedToken> repeats,
                  double entropy, const HeadScratch& scratch);
  void offer(const HeadTriangle& triangle, const Extremes& extremes, const BatchSequence& sequence,
             WindowSink& sink);
  void set_limits();
  HeadPeak peak_of(const HeadTriangle& triangle, const Extremes& extremes,
                   const BatchSequence& sequence) const;

  CollateOptions options_;
  uint64_t key_;  // unit_key()
  PowerSums sums_;
  uint64_t n_nan_ = 0, n_infinite_ = 0;
  float min_, max_;
  Place min_at_, max_at_;
  std::vector<uint64_t> value_counts_, maxima_counts_;  // [bin]
  HeadRecord head_;
  // A sequence whose maximum is below the first and above the second, and whose rank is above the
  // third, is not kept.
  float top_limit_ = 0, bottom_limit_ = 0;
  int64_t random_limit_ = 0;
};

// Windows that a head has in its sink after so many sequences, at most.
inline size_t most_head_windows(const CollateOptions& options, uint64_t n_sequences) {
  return std::min<uint64_t>(n_sequences, options.top + options.bottom + options.random);
}

// Floats of the window that a sequence of so many tokens may keep.
inline size_t head_window_size(uint32_t n_tokens, uint32_t window) {
  const size_t n = std::min(n_tokens, window);
  return triangle_size(n) + n;
}

}  // namespace actogram
