// What lies in the folder of a data set of SAE activations as four tables, and what its card says.
//
//   FOLDER/feature-activations/*.parquet       a row for each token where a feature fires
//   FOLDER/prompt-level-features/*.parquet     a row a prompt
//   FOLDER/llm-explanations-input/*.parquet    a row for each example of a feature
//   FOLDER/llm-explanations-output/*.parquet   a row for each explanation
//   FOLDER/README.md                           the card
//
// as "SAE Feature Activations, Llama 3.1 8B Instruct, layer 19" has them. The tables are large, so
// people fetch some of them: those that are missing are read as not published.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"

namespace actogram {

inline constexpr const char* kFeatureActivations = "feature-activations";
inline constexpr const char* kPromptFeatures = "prompt-level-features";
inline constexpr const char* kExplanationInputs = "llm-explanations-input";
inline constexpr const char* kExplanations = "llm-explanations-output";

struct SaeTablesFolder {
  // Files in the order of their names; none where a table is not there.
  std::vector<std::string> activations, prompts, explanation_inputs, explanations;

  Json card = Json::object();     // license, base_model, sae, source_corpus: as README.md has them
  std::optional<uint32_t> width;  // of the vectors that the SAE reads
  std::string sae_name;           // as part of a site's name: the card's SAE, or the folder's name
};

// Error{not_found} where neither of the first two tables is there: nothing says what fires.
SaeTablesFolder open_sae_tables(const std::string& folder);

std::string name_of_folder(const std::string& folder);  // "tables" of "../tables/", "." as well

// As part of a site's name: the last part of a path, and "-" for what is no letter, digit, or one
// of ._-
std::string sae_name_of(std::string_view name);

}  // namespace actogram
