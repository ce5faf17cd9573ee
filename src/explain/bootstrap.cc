#include "explain/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/hash.h"

namespace actogram {
namespace {

double quantile_of_sorted(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

// `scores` may hold NaN.
Interval interval_of(std::vector<double> scores, double confidence) {
  Interval interval;
  interval.n_undefined =
      static_cast<uint32_t>(std::erase_if(scores, [](double score) { return std::isnan(score); }));
  std::ranges::sort(scores);
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const double tail = (1 - confidence) / 2;
  interval.low = scores.empty() ? kNaN : quantile_of_sorted(scores, tail);
  interval.high = scores.empty() ? kNaN : quantile_of_sorted(scores, 1 - tail);
  return interval;
}

}  // namespace

std::vector<Interval> bootstrap(
    std::span<const std::vector<size_t>> strata, size_t n_scores,
    const std::function<void(std::span<const size_t> items, std::span<double> scores)>& scores_of,
    const BootstrapOptions& options) {
  std::vector<std::vector<double>> scores(n_scores);  // [score][sample]
  std::vector<double> of_sample(n_scores);
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
    scores_of(items, of_sample);
    for (size_t s = 0; s < n_scores; ++s) scores[s].push_back(of_sample[s]);
  }
  std::vector<Interval> intervals;
  for (auto& one : scores) intervals.push_back(interval_of(std::move(one), options.confidence));
  return intervals;
}

Interval bootstrap(std::span<const std::vector<size_t>> strata,
                   const std::function<double(std::span<const size_t> items)>& score_of,
                   const BootstrapOptions& options) {
  return bootstrap(
             strata, 1,
             [&](std::span<const size_t> items, std::span<double> scores) {
               scores[0] = score_of(items);
             },
             options)
      .front();
}

}  // namespace actogram
