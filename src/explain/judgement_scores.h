// How well a judge tells excerpts where a unit is active from those where it is not: detection,
// fuzzing and embedding all end in such judgements (Delphi, github.com/EleutherAI/delphi).
//
// An excerpt counts with a weight, so that a few drawn from a rare stratum can stand for the share
// that it has. A judge that gives no number says 0 or 1.
#pragma once

#include <cstdint>
#include <span>

namespace actogram {

struct Judgement {
  bool active = false;   // the truth
  double predicted = 0;  // in [0, 1]; from one half on it says active
  double weight = 1;     // above 0
};

struct JudgementScores {
  uint64_t n_active = 0;
  uint64_t n_inactive = 0;
  double balanced_accuracy = 0;  // mean of the shares of both kinds that are told right
  double sensitivity = 0;        // share of the active that are told right
  double specificity = 0;        // share of the inactive
  // Chance that an active excerpt has a higher number than an inactive one, ties counting one half.
  double auc = 0;
};

// By weight. NaN where there is no excerpt of a kind.
JudgementScores judgement_scores(std::span<const Judgement> judgements);

}  // namespace actogram
