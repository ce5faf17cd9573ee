// Explanations with their scores, as the Transformer Debugger and automated-interpretability write
// them (neuron_explainer/explanations/explanations.py): one JSON object a unit, in a .jsonl of one
// line.
//
//   NeuronSimulationResults    := {neuron_id, scored_explanations: [{explanation,
//                                  scored_simulation: {ev_correlation_score, ...}}]}
//   AttentionSimulationResults := {attention_head_id, scored_explanations: [{explanation,
//                                  scored_attention_simulation: {roc_auc_score, ...}}]}
//
// Old names become those of today on reading. What was simulated is kept as it is, as JSON.
#pragma once

#include <string>
#include <vector>

#include "codec/json.h"
#include "formats/tdb_unit.h"

namespace actogram {

struct TdbExplanation {
  std::string explanation;
  double score = 0;        // NaN where there is none
  std::string simulation;  // JSON
};

// Error{corrupt} where a field is missing or of another kind; `what` names the document.
TdbUnit unit_of_explanations(const Json& json, const std::string& what);
std::vector<TdbExplanation> read_explanations(const Json& json, const std::string& what);

// One line without its end, by the names that both tools read. Requires: at least one.
std::string explanations_line(const TdbUnit& unit, const std::vector<TdbExplanation>& explanations);

}  // namespace actogram
