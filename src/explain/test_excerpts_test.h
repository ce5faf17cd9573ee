// Excerpts for tests, whose documents lie in the part of the split that a test wants.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "explain/excerpt_split.h"

namespace actogram::testing {

inline constexpr uint64_t kUnitKey = 12345;

inline UnitExcerpt excerpt_in(Part part, std::vector<std::pair<const char*, float>> tokens) {
  UnitExcerpt excerpt;
  while (part_of(kUnitKey, excerpt.document_key) != part) ++excerpt.document_key;
  for (const auto& [text, value] : tokens) {
    excerpt.text.push_back({text, value});
    excerpt.value = std::max(excerpt.value, value);
  }
  return excerpt;
}

}  // namespace actogram::testing
