// The four sign classes of a unit as people look at them: shares, means, extremes, and text around
// the places with the largest magnitude.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/class_record.h"
#include "query/excerpt.h"

namespace actogram {

class Recording;

struct ClassView {
  std::string_view name;  // "gate+_in+"
  uint64_t count = 0;
  double share = 0;  // of all tokens of the corpus
  struct Quantity {
    std::string_view name;          // "hook_post"
    double mean = 0;                // NaN where the class is empty
    float extreme = 0;              // of the largest magnitude; 0 where there is none
    std::vector<Excerpt> excerpts;  // values are known at the peak only
  };
  std::array<Quantity, kNumGatedQuantities> quantities;
};

// [sign class], with up to `n_excerpts` excerpts of each quantity.
std::vector<ClassView> class_views(const Recording& recording, std::span<const ClassRecord> classes,
                                   size_t n_excerpts);

}  // namespace actogram
