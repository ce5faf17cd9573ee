// What is known of a recording's units in words, unit by unit, as exports take it.
#pragma once

#include <string>
#include <vector>

#include "store/explanation_store.h"
#include "store/manifest.h"

namespace actogram {

// Each of these is empty for all.
struct WantedExplanations {
  std::string site = {};    // as people type it
  std::string method = {};  // "tokens", "excerpts"
  std::string search = {};  // words that are in the explanation or its concept
};

struct ExplainedUnit {
  Site site;
  uint32_t index = 0;
  std::vector<StoredExplanation> explanations;  // by age; at least one
};

// In the order of the recording's units. Error{not_found} where there is none such.
std::vector<ExplainedUnit> explained_units(const Manifest& manifest, const ExplanationStore& store,
                                           const WantedExplanations& wanted);

}  // namespace actogram
