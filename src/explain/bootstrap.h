// Intervals by bootstrap: a score again and again, of excerpts drawn with replacement.
//
// What is drawn is excerpts, since the tokens of one are not independent. Where there are strata
// (active and inactive ones) each is drawn from by itself, so that none runs empty. Draw i of a run
// is mix64(seed + i) / 2^64 of the way through its stratum: the same everywhere, and repeatable in
// any language.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace actogram {

struct BootstrapOptions {
  uint32_t n_samples = 1000;  // the time grows with it; below some 500 the ends are coarse
  double confidence = 0.95;
  uint64_t seed = 0;
};

// From the quantiles (1 - confidence) / 2 and 1 less that of the samples, interpolated linearly.
// NaN where no sample has a score.
struct Interval {
  double low = 0;
  double high = 0;
  uint32_t n_undefined = 0;  // samples whose score was NaN: they are left out
};

// `strata` are disjoint lists of items; `scores_of` gets as many items as there are, some repeated,
// and writes their scores. An interval for each score: several at once cost the draws of one.
std::vector<Interval> bootstrap(
    std::span<const std::vector<size_t>> strata, size_t n_scores,
    const std::function<void(std::span<const size_t> items, std::span<double> scores)>& scores_of,
    const BootstrapOptions& options);

Interval bootstrap(std::span<const std::vector<size_t>> strata,
                   const std::function<double(std::span<const size_t> items)>& score_of,
                   const BootstrapOptions& options);

}  // namespace actogram
