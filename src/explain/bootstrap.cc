#include "explain/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/hash.h"

namespace actogram {
namespace {

double quantile_of_sorted(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

}  // namespace

Interval bootstrap(std::span<const std::vector<size_t>> strata,
                   const std::function<double(std::span<const size_t> items)>& score_of,
                   const BootstrapOptions& options) {
  Interval interval;
  std::vector<double> scores;
  std::vector<size_t> items;
  uint64_t draw = 0;
  for (uint32_t sample = 0; sample < options.n_samples; ++sample) {
    items.clear();
    for (const std::vector<size_t>& stratum : strata) {
      for (size_t i = 0; i < stratum.size(); ++i) {
        const uint64_t high = mix64(options.seed + draw++) >> 32;
        items.push_back(stratum[high * stratum.size() >> 32]);
      }
    }
    const double score = score_of(items);
    std::isnan(score) ? void(++interval.n_undefined) : scores.push_back(score);
  }
  std::ranges::sort(scores);
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const double tail = (1 - options.confidence) / 2;
  interval.low = scores.empty() ? kNaN : quantile_of_sorted(scores, tail);
  interval.high = scores.empty() ? kNaN : quantile_of_sorted(scores, 1 - tail);
  return interval;
}

}  // namespace actogram
