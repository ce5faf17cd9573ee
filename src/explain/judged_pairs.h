// The pairs of tokens that a judge is shown of an attention head: the strongest, and some of those
// that are weak, as the Transformer Debugger chooses them (attention_head_scoring.py), but drawn by
// a hash, so that they are the same every time.
#pragma once

#include <cstdint>
#include <vector>

#include "explain/excerpt_split.h"

namespace actogram {

struct JudgedPair {
  const UnitExcerpt* excerpt = nullptr;
  uint32_t query = 0, key = 0;  // of its text
  float value = 0;
  bool active = false;
};

// Active are at most `most_of_a_kind` with the highest values, above 0, the earlier among equals;
// inactive as many of those below a tenth of the highest. Views of `excerpts`, the active ones
// first.
std::vector<JudgedPair> judged_pairs(uint64_t unit_key, const Excerpts<Part::score>& excerpts,
                                     uint32_t most_of_a_kind);

}  // namespace actogram
