// A published explanation in the words of ours. Of what stands around it little is known: neither
// who wrote it, how it was asked for, nor who scored it on how much.
#pragma once

#include <string>
#include <string_view>

#include "actogram/types.h"
#include "codec/json.h"
#include "store/published_explanations.h"

namespace actogram {

// NeuronRecords have the correlation of simulated and true values, which the scorer `simulate`
// computes, and of attention heads the ROC AUC, which `pairs` does.
struct PublishedMeasure {
  std::string_view scorer;  // "simulate"
  std::string_view key;     // among the numbers of such a score
};
PublishedMeasure published_measure(const UnitAddress& unit);

// An element of `explanations` (docs/api.md) but for where it is; `source` is its recording's.
Json published_json(const PublishedExplanation& explanation, const UnitAddress& unit,
                    const std::string& source);

}  // namespace actogram
