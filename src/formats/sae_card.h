// The card of a data set of SAE activations: the YAML header that hubs read, and what people want
// to know.
#pragma once

#include <cstdint>
#include <string>

#include "actogram/types.h"
#include "store/manifest.h"

namespace actogram {

struct SaeCard {
  const Manifest& manifest;
  const Site& site;  // of the table of prompts
  uint64_t n_events = 0;
  uint64_t n_prompts = 0;
  uint64_t n_explanations = 0;
  std::string license;  // empty: none is named
};

std::string text_of(const SaeCard& card);

}  // namespace actogram
