#include "explain/judged_pairs.h"

#include <algorithm>
#include <functional>

namespace actogram {
namespace {

constexpr double kWeak = 0.1;  // of the highest value

uint64_t drawn_by(uint64_t key, const JudgedPair& pair) {
  const uint64_t at = uint64_t{pair.query} * (pair.query + 1) / 2 + pair.key;
  return mix64(key ^ mix64(uint64_t{pair.excerpt->at.sequence} << 32 | at));
}

std::vector<JudgedPair> all_pairs(const Excerpts<Part::score>& excerpts) {
  std::vector<JudgedPair> pairs;
  for (const UnitExcerpt& excerpt : excerpts) {
    size_t at = 0;
    for (uint32_t query = 0; query < excerpt.text.size(); ++query) {
      for (uint32_t key = 0; key <= query; ++key, ++at) {
        pairs.push_back({&excerpt, query, key, excerpt.pairs.at(at), false});
      }
    }
  }
  return pairs;
}

}  // namespace

std::vector<JudgedPair> judged_pairs(uint64_t unit_key, const Excerpts<Part::score>& excerpts,
                                     uint32_t most_of_a_kind) {
  std::vector<JudgedPair> active = all_pairs(excerpts);
  std::erase_if(active, [](const JudgedPair& pair) { return !(pair.value >= 0); });  // and NaN
  std::ranges::stable_sort(active, std::greater(), &JudgedPair::value);
  if (active.empty() || active.front().value == 0) return {};
  const double weak = kWeak * double{active.front().value};
  std::vector<JudgedPair> inactive;
  for (const JudgedPair& pair : active) {
    if (double{pair.value} < weak) inactive.push_back(pair);
  }
  std::erase_if(active, [](const JudgedPair& pair) { return pair.value == 0; });
  active.resize(std::min<size_t>(active.size(), most_of_a_kind));
  for (JudgedPair& pair : active) pair.active = true;
  const uint64_t key = mix64(unit_key ^ fnv1a64("judged pairs"));
  std::ranges::sort(inactive, {}, [key](const JudgedPair& pair) { return drawn_by(key, pair); });
  inactive.resize(std::min<size_t>(inactive.size(), most_of_a_kind));
  active.insert(active.end(), inactive.begin(), inactive.end());
  return active;
}

}  // namespace actogram
