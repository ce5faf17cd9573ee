// What is known of units so far, for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "actogram/types.h"

namespace actogram {

struct ListedScore {
  std::string scorer;
  std::string of;                       // "explanation", or a baseline: "other unit", "top tokens"
  std::string measure;                  // "balanced accuracy", "ROC AUC", "correlation"
  double value = 0, low = 0, high = 0;  // NaN where it is not defined
  uint64_t n_active = 0, n_inactive = 0;
  bool published = false;  // of which nothing is known but the value
};
struct ListedExplanation {
  UnitAddress unit;
  std::string source;         // "actogram", or the format that it was imported from: "tdb"
  std::string method, model;  // "" where others published it
  std::string text;
  std::string concept_label;
  std::vector<ListedScore> scores;
};
struct ListedFailure {
  UnitAddress unit;
  std::string task, reason;
};
struct ExplanationList {
  std::vector<ListedExplanation> explanations;
  std::vector<ListedFailure> failures;  // tried, and not done since
};

// All, or with `search` those in which all its words are, best first, and no failures; those that
// others published after ours. Error{not_found} where nothing was explained yet and none published.
ExplanationList list_explanations(const std::string& recording, const std::string& search);

// Of one unit; empty where there are none.
ExplanationList explanations_of_unit(const std::string& recording, const UnitAddress& unit);

// Everything that is kept of them: prompts' versions, parameters, the model's raw answer, scores
// with their intervals and the excerpts that they are of.
std::string explanations_json(const std::string& recording, const std::string& search);

}  // namespace actogram
