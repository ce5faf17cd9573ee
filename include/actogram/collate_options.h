// What a recording keeps of each unit besides its summary.
#pragma once

#include <cstdint>

namespace actogram {

// How many of each exemplar are kept for a unit (at most 80 of a kind), and how much of the text
// around it. More costs memory and disk in proportion. Recordings merge only if these agree.
struct CollateOptions {
  uint32_t top = 20;
  uint32_t bottom = 20;
  uint32_t random = 20;
  uint32_t per_bucket = 20;
  uint32_t window = 64;  // tokens around the peak; the whole sequence if it is shorter

  // Of gated neurons: statistics by sign class (core/class_record.h), the sequences kept for each
  // quantity of a class, and whether a BOS counts as a token.
  bool sign_classes = true;
  uint32_t class_top = 16;
  bool classes_count_bos = true;

  // The values at one token of each of the first so many sequences; 4 bytes a sequence and unit, 12
  // for gated neurons.
  uint32_t samples = 0;

  // Of attention heads: leave pairs whose key is a BOS at the sequence's beginning out of values,
  // sums and ranking. The triangles that are kept have them all the same.
  bool attn_skip_bos = false;

  bool operator==(const CollateOptions&) const = default;
};

}  // namespace actogram
