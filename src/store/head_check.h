// Whether what a recording keeps of an attention head agrees with its summary, its windows and the
// corpus: `actogram check`.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/unit_record.h"

namespace actogram {

class CorpusTables;

// Of a query and a key at or before it, of all sequences.
uint64_t count_pairs(const CorpusTables& corpus);

// What a head is held against.
struct HeadContext {
  const CorpusTables& corpus;
  uint64_t n_pairs = 0;  // count_pairs()
  const CollateOptions& options;
  std::array<double, 5> means = {};  // as they are stored (HeadTable)
};

// Each problem a sentence that follows the head's name. Requires: unit.head.
std::vector<std::string> problems_of_head(const UnitRecord& unit, const HeadContext& context);

}  // namespace actogram
