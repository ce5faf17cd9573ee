// What is known of a sign class, wherever it comes from.
//
// A recording of ours knows exact counts and the places of its peaks. A data set that others
// published has the share of the tokens as a float32, and rows of its text without positions; what
// it does not have is empty here, never zero.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/class_record.h"

namespace actogram {

struct ClassFacts {
  struct Peak {
    uint32_t sequence = 0;  // or the row of the data set's text
    std::optional<uint32_t> position;
    float value = 0;  // signed; never zero

    bool operator==(const Peak&) const = default;
  };
  float frequency = 0;  // float32(count) / float32(tokens), as data sets have it
  double share = 0;     // the same, as exactly as it is known
  std::optional<uint64_t> count;
  std::array<double, kNumGatedQuantities> means = {};        // NaN where the class is empty
  std::array<std::vector<Peak>, kNumGatedQuantities> peaks;  // best first

  bool operator==(const ClassFacts&) const = default;
};

// Larger magnitude first; of equals the earlier place, where places are known.
inline bool ranks_before(const ClassFacts::Peak& a, const ClassFacts::Peak& b) {
  const float x = std::fabs(a.value), y = std::fabs(b.value);
  if (x != y) return x > y;
  if (!a.position || !b.position) return false;
  return Place{a.sequence, *a.position} < Place{b.sequence, *b.position};
}

// A data set's frequency. Requires: n_tokens > 0.
inline float frequency_of(uint64_t count, uint64_t n_tokens) {
  return static_cast<float>(count) / static_cast<float>(n_tokens);
}

std::vector<ClassFacts> facts_of(std::span<const ClassRecord> classes, uint64_t n_tokens);

// The counts that give `frequency`: [least, most], empty where least > most. One count where there
// are fewer than 2^23 tokens; several lie in one float32 beyond.
struct CountRange {
  uint64_t least = 1;
  uint64_t most = 0;

  bool empty() const { return least > most; }
  bool operator==(const CountRange&) const = default;
};
CountRange counts_of(float frequency, uint64_t n_tokens);

}  // namespace actogram
