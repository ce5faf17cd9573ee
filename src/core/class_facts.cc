#include "core/class_facts.h"

namespace actogram {
namespace {

ClassFacts facts_of(const ClassRecord& record, uint64_t n_tokens) {
  ClassFacts facts;
  facts.count = record.count;
  facts.frequency = frequency_of(record.count, n_tokens);
  facts.share = static_cast<double>(record.count) / static_cast<double>(n_tokens);
  for (size_t q = 0; q < kNumGatedQuantities; ++q) {
    facts.means[q] = record.mean(q);
    for (const ClassPeak& peak : record.peaks[q]) {
      facts.peaks[q].push_back({peak.at.sequence, peak.at.position, peak.value});
    }
  }
  return facts;
}

// The first count in [0, n_tokens + 1) for which `is_past`, which never turns false again.
template <typename IsPast>
uint64_t first_count(uint64_t n_tokens, IsPast is_past) {
  uint64_t low = 0, high = n_tokens + 1;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (is_past(frequency_of(middle, n_tokens))) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

std::vector<ClassFacts> facts_of(std::span<const ClassRecord> classes, uint64_t n_tokens) {
  std::vector<ClassFacts> facts;
  for (const ClassRecord& record : classes) facts.push_back(facts_of(record, n_tokens));
  return facts;
}

// Rounding to float32 is monotonic, so the frequency is, too.
CountRange counts_of(float frequency, uint64_t n_tokens) {
  const uint64_t least = first_count(n_tokens, [&](float f) { return f >= frequency; });
  const uint64_t end = first_count(n_tokens, [&](float f) { return f > frequency; });
  if (least == end) return {};
  return {least, end - 1};
}

}  // namespace actogram
