// Whether the sign classes of a unit agree with one another and with what the other tables say:
// `actogram check`, of recordings whose counts and sums are exact.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "core/class_record.h"
#include "core/unit_record.h"

namespace actogram {

class CorpusTables;

// What a unit's classes are held against. Pointers are null where a recording does not have it.
struct ClassContext {
  size_t class_top = 0;
  const CorpusTables* corpus = nullptr;
  const UnitRecord* unit = nullptr;  // its summary and windows
  // The means as they are stored, [sign class].
  std::span<const std::array<double, kNumGatedQuantities>> means = {};
};

// Each problem a sentence that follows the unit's name; none where means are sums by counts, lists
// are as long as counts allow, entries have the signs of their class and a sequence each, places
// are in the corpus, and values are those of the unit's windows and between its extremes.
std::vector<std::string> problems_of_classes(std::span<const ClassRecord> classes,
                                             const ClassContext& context);

}  // namespace actogram
