// What an SAE's weights are, for people and programs: `actogram sae info`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "sae/sae.h"

namespace actogram {

// All numbers have been read, and are finite.
struct SaeFacts {
  std::vector<std::pair<std::string, std::string>> lines;  // label and text
  std::string json;
};

// What is said of it there, and in the manifest of a recording.
Json sae_json(const Sae& sae);

SaeFacts sae_facts(const std::string& weights, const SaeOptions& options);

}  // namespace actogram
