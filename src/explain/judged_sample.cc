#include "explain/judged_sample.h"

#include <algorithm>
#include <array>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr int kActiveFrom = 2;  // the bucket that begins at the 90th percentile
static_assert(kBucketQuantiles[kActiveFrom] == 0.9);

uint64_t drawn_by(uint64_t key, const UnitExcerpt& excerpt) {
  return mix64(key ^ mix64(uint64_t{excerpt.at.sequence} << 32 | excerpt.at.position));
}

void draw(std::vector<JudgedExcerpt>& some, uint64_t key, size_t most) {
  std::ranges::sort(some, {},
                    [key](const JudgedExcerpt& judged) { return drawn_by(key, *judged.excerpt); });
  some.resize(std::min(some.size(), most));
}

void set_weights(std::vector<JudgedExcerpt>& some, bool active) {
  std::array<double, kNumBuckets> count = {};
  for (const JudgedExcerpt& judged : some) ++count[judged.excerpt->bucket];
  double sum = 0;
  for (JudgedExcerpt& judged : some) {
    const int b = judged.excerpt->bucket;
    const double stratum = active ? 1 : kBucketQuantiles[b + 1] - kBucketQuantiles[b];
    judged.weight = stratum / count[b];
    sum += judged.weight;
  }
  for (JudgedExcerpt& judged : some) judged.weight /= sum;
}

}  // namespace

std::vector<JudgedExcerpt> drawn_sample(uint64_t unit_key,
                                        const std::vector<const UnitExcerpt*>& excerpts,
                                        uint32_t most_of_a_kind) {
  std::vector<JudgedExcerpt> active, inactive;
  for (const UnitExcerpt* excerpt : excerpts) {
    const bool is_active = excerpt->value > 0 && excerpt->bucket >= kActiveFrom;
    (is_active ? active : inactive).push_back({excerpt, is_active});
  }
  const uint64_t key = mix64(unit_key ^ fnv1a64("judged excerpts"));
  for (auto* some : {&active, &inactive}) {
    draw(*some, key, most_of_a_kind);
    set_weights(*some, some == &active);
  }
  active.insert(active.end(), inactive.begin(), inactive.end());
  draw(active, mix64(key), active.size());
  return active;
}

void check_sample(const std::vector<JudgedExcerpt>& sample) {
  const auto n_active = std::ranges::count_if(sample, &JudgedExcerpt::active);
  const auto n_inactive = std::ssize(sample) - n_active;
  if (n_active == 0 || n_inactive == 0) {
    fail(Code::invalid,
         "of the excerpts to score by it is active in {} and not in {}; a score needs both, so "
         "record more text",
         n_active, n_inactive);
  }
}

}  // namespace actogram
