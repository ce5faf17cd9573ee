#include "explain/judgement_numbers.h"

namespace actogram {
namespace {

// Of balanced accuracy and AUC, by the same draws.
std::vector<Interval> intervals_of(const std::vector<Judgement>& judgements,
                                   const BootstrapOptions& options) {
  std::vector<std::vector<size_t>> strata(2);
  for (size_t i = 0; i < judgements.size(); ++i) strata[judgements[i].active].push_back(i);
  std::vector<Judgement> drawn;
  const auto scores_of = [&](std::span<const size_t> items, std::span<double> scores) {
    drawn.clear();
    for (const size_t item : items) drawn.push_back(judgements[item]);
    const JudgementScores found = judgement_scores(drawn);
    scores[0] = found.balanced_accuracy, scores[1] = found.auc;
  };
  return bootstrap(strata, 2, scores_of, options);
}

Json with_interval(double score, const Interval& interval) {
  return {{"value", score}, {"low", interval.low}, {"high", interval.high}};
}

}  // namespace

Json numbers_of(const std::vector<Judgement>& judgements, const BootstrapOptions& options) {
  const JudgementScores scores = judgement_scores(judgements);
  const std::vector<Interval> intervals = intervals_of(judgements, options);
  return {{"n_active", scores.n_active},
          {"n_inactive", scores.n_inactive},
          {"balanced_accuracy", with_interval(scores.balanced_accuracy, intervals[0])},
          {"auc", with_interval(scores.auc, intervals[1])},
          {"sensitivity", scores.sensitivity},
          {"specificity", scores.specificity},
          {"bootstrap",
           {{"samples", options.n_samples},
            {"confidence", options.confidence},
            {"seed", options.seed}}}};
}

}  // namespace actogram
