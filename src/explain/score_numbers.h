// The numbers of a score, as they are kept: each with its bootstrap interval, and the excerpts that
// they are of.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "codec/json.h"
#include "explain/bootstrap.h"
#include "explain/judged_sample.h"
#include "explain/judgement_scores.h"

namespace actogram {

// The excerpts that are not active, and those that are: what a bootstrap draws from.
using Strata = std::vector<std::vector<size_t>>;
Strata strata_of(std::span<const JudgedExcerpt> sample);

// {"value", "low", "high"} of a score of excerpts, some of them more than once.
Json with_interval(const Strata& strata,
                   const std::function<double(std::span<const size_t>)>& score_of,
                   const BootstrapOptions& options);

Json to_json(const BootstrapOptions& options);

// What judges are scored by; `predicted` has a number for each excerpt of the sample.
enum class JudgedBy { answers, ranks };  // ranks: only the order of the numbers means something
Json judgement_numbers(std::span<const JudgedExcerpt> sample, std::span<const double> predicted,
                       JudgedBy by, const BootstrapOptions& options);

// {"sequence", "position", ..., "weight"}: where an excerpt is, and as what it counts.
Json place_json(const JudgedExcerpt& judged);
Json judged_json(std::span<const JudgedExcerpt> sample, std::span<const double> predicted);

}  // namespace actogram
