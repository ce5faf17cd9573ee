#include "explain/fuzz_marks.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace actogram {

std::vector<bool> right_marks(const UnitExcerpt& excerpt) {
  float highest = 0;
  for (const ValuedText& token : excerpt.text) {
    if (token.value > highest) highest = token.value;  // not where it is NaN
  }
  std::vector<bool> marks;
  for (const ValuedText& token : excerpt.text) {
    marks.push_back(highest > 0 && token.value > kMarkedFrom * highest);
  }
  return marks;
}

std::vector<bool> wrong_marks(uint64_t unit_key, const UnitExcerpt& excerpt, uint32_t n) {
  const std::vector<bool> right = right_marks(excerpt);
  const uint64_t key =
      mix64(unit_key ^ mix64(uint64_t{excerpt.at.sequence} << 32 | excerpt.at.position)) ^
      fnv1a64("wrong marks");
  std::vector<std::pair<uint64_t, size_t>> drawn;
  for (size_t i = 0; i < right.size(); ++i) {
    if (!right[i]) drawn.emplace_back(mix64(key + i), i);
  }
  std::ranges::sort(drawn);
  std::vector<bool> marks(right.size());
  for (size_t i = 0; i < std::min<size_t>(n, drawn.size()); ++i) marks[drawn[i].second] = true;
  return marks;
}

uint32_t mean_right_marks(std::span<const JudgedExcerpt> sample) {
  uint64_t n_marks = 0, n_active = 0;
  for (const JudgedExcerpt& judged : sample) {
    if (!judged.active) continue;
    n_marks += static_cast<uint64_t>(std::ranges::count(right_marks(*judged.excerpt), true));
    ++n_active;
  }
  return n_active == 0 ? 0 : static_cast<uint32_t>((n_marks + n_active - 1) / n_active);
}

}  // namespace actogram
