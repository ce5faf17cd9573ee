// The scores of judgements as they are kept: with intervals, counts, and what drew the intervals.
#pragma once

#include <vector>

#include "codec/json.h"
#include "explain/bootstrap.h"
#include "explain/judgement_scores.h"

namespace actogram {

// {"n_active", "n_inactive", "balanced_accuracy": {"value", "low", "high"}, "auc": likewise,
// "sensitivity", "specificity", "bootstrap"}. Drawn are judgements, active and inactive ones apart.
Json numbers_of(const std::vector<Judgement>& judgements, const BootstrapOptions& options);

}  // namespace actogram
