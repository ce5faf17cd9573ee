// The excerpts that a judge is shown of a unit: some where it is active, some where it is not, each
// with the weight that it has in the score.
//
// Active is an excerpt whose maximum is above 0 and at least the 90th percentile of all sequences'
// maxima; every other one is not. So one rule holds for units that are
// seldom silent and for those that seldom fire. The strata are the recording's quantile buckets.
// Among the active each stratum has the same weight, however many of its excerpts there are; among
// the others each has the share of sequences that the bucket stands for. Both kinds count one half
// in balanced accuracy.
#pragma once

#include <vector>

#include "explain/excerpt_split.h"

namespace actogram {

struct JudgedExcerpt {
  const UnitExcerpt* excerpt = nullptr;
  bool active = false;
  double weight = 0;  // those of a kind add up to 1
};

std::vector<JudgedExcerpt> drawn_sample(uint64_t unit_key,
                                        const std::vector<const UnitExcerpt*>& excerpts,
                                        uint32_t most_of_a_kind);

// At most `most_of_a_kind` of either, drawn uniformly from the part by a hash of unit and place and
// in an order that tells nothing. Views of `excerpts`.
template <Part kPart>
  requires(kPart != Part::explain)
std::vector<JudgedExcerpt> judged_sample(uint64_t unit_key, const Excerpts<kPart>& excerpts,
                                         uint32_t most_of_a_kind) {
  std::vector<const UnitExcerpt*> all;
  for (const UnitExcerpt& excerpt : excerpts) all.push_back(&excerpt);
  return drawn_sample(unit_key, all, most_of_a_kind);
}

// Error{invalid} where there are not both kinds, of which every score is made.
void check_sample(const std::vector<JudgedExcerpt>& sample);

}  // namespace actogram
