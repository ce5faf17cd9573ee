// The two tables in words of a data set of SAE activations, row for row: what an explainer was
// shown and what it made of it.
#pragma once

#include <cstdint>
#include <string>

#include "base/progress.h"
#include "formats/sae_tables_folder.h"
#include "store/corpus_tables.h"

namespace actogram {

struct ExplanationPass {
  StoredFiles files;
  uint64_t n_inputs = 0;
  uint64_t n_explanations = 0;
  uint32_t n_features = 0;  // one more than the highest that is named
};

// Writes explanation_inputs.arrow and explanations.arrow into `folder`, each where there is its
// table.
ExplanationPass read_explanations(const SaeTablesFolder& tables, const std::string& folder,
                                  const ProgressFn& progress);

}  // namespace actogram
