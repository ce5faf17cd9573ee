#include "explain/judgement_numbers.h"

namespace actogram {
namespace {

Json with_interval(double score, const std::vector<Judgement>& judgements,
                   double JudgementScores::*member, const BootstrapOptions& options) {
  std::vector<std::vector<size_t>> strata(2);
  for (size_t i = 0; i < judgements.size(); ++i) strata[judgements[i].active].push_back(i);
  std::vector<Judgement> drawn;
  const Interval interval = bootstrap(
      strata,
      [&](std::span<const size_t> items) {
        drawn.clear();
        for (const size_t item : items) drawn.push_back(judgements[item]);
        return judgement_scores(drawn).*member;
      },
      options);
  return {{"value", score}, {"low", interval.low}, {"high", interval.high}};
}

}  // namespace

Json numbers_of(const std::vector<Judgement>& judgements, const BootstrapOptions& options) {
  const JudgementScores scores = judgement_scores(judgements);
  return {{"n_active", scores.n_active},
          {"n_inactive", scores.n_inactive},
          {"balanced_accuracy", with_interval(scores.balanced_accuracy, judgements,
                                              &JudgementScores::balanced_accuracy, options)},
          {"auc", with_interval(scores.auc, judgements, &JudgementScores::auc, options)},
          {"sensitivity", scores.sensitivity},
          {"specificity", scores.specificity},
          {"bootstrap",
           {{"samples", options.n_samples},
            {"confidence", options.confidence},
            {"seed", options.seed}}}};
}

}  // namespace actogram
