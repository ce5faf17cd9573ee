#include "explain/judgement_scores.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace actogram {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Sorted by number, each active excerpt beats the inactive weight below it, and half of that which
// ties with it.
double area_under_curve(std::span<const Judgement> judgements, double active, double inactive) {
  if (active == 0 || inactive == 0) return kNaN;
  std::vector<Judgement> sorted(judgements.begin(), judgements.end());
  std::ranges::sort(sorted, {}, &Judgement::predicted);
  double below = 0, won = 0;
  for (size_t i = 0; i < sorted.size();) {
    double tied_active = 0, tied_inactive = 0;
    const double predicted = sorted[i].predicted;
    for (; i < sorted.size() && sorted[i].predicted == predicted; ++i) {
      (sorted[i].active ? tied_active : tied_inactive) += sorted[i].weight;
    }
    won += tied_active * (below + tied_inactive / 2);
    below += tied_inactive;
  }
  return won / active / inactive;
}

}  // namespace

JudgementScores judgement_scores(std::span<const Judgement> judgements) {
  JudgementScores scores;
  double active = 0, inactive = 0, right_active = 0, right_inactive = 0;
  for (const Judgement& judgement : judgements) {
    const bool right = (judgement.predicted >= 0.5) == judgement.active;
    ++(judgement.active ? scores.n_active : scores.n_inactive);
    (judgement.active ? active : inactive) += judgement.weight;
    if (right) (judgement.active ? right_active : right_inactive) += judgement.weight;
  }
  scores.sensitivity = active > 0 ? right_active / active : kNaN;
  scores.specificity = inactive > 0 ? right_inactive / inactive : kNaN;
  scores.balanced_accuracy = (scores.sensitivity + scores.specificity) / 2;
  scores.auc = area_under_curve(judgements, active, inactive);
  return scores;
}

}  // namespace actogram
