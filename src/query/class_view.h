// The four sign classes of a unit as people look at them: shares, means, extremes, and text around
// the places with the largest magnitude.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/class_facts.h"
#include "query/excerpt.h"

namespace actogram {

class Recording;

// A peak of which only the row of the data set's text is known, and perhaps that text.
struct RowView {
  float value = 0;
  uint32_t row = 0;
  std::optional<uint32_t> position;
  std::string origin = {};            // the document's name; empty where there are no texts
  std::vector<Piece> beginning = {};  // of its text, a character each
};

struct ClassView {
  std::string_view name;  // "gate+_in+"
  double share = 0;       // of all tokens of the corpus
  struct Quantity {
    std::string_view name;          // "hook_post"
    double mean = 0;                // NaN where the class is empty
    float extreme = 0;              // of the largest magnitude; 0 where there is none
    std::vector<Excerpt> excerpts;  // values are known at the peak only
    std::vector<RowView> rows;      // instead, where an import does not know the tokens around it
  };
  std::array<Quantity, kNumGatedQuantities> quantities;
};

struct ClassPage {
  bool refactored = false;  // whether both have the signs of refactor_glu
  std::optional<NeuronWeights> weights;
  std::vector<ClassView> classes;  // [sign class]
};

// [sign class], with up to `n_excerpts` excerpts of each quantity.
std::vector<ClassView> class_views(const Recording& recording, std::span<const ClassFacts> classes,
                                   size_t n_excerpts);

}  // namespace actogram
