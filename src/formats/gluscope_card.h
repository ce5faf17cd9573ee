// The card of an export for GLUScope's readers: README.md, with the YAML header by which Hugging
// Face's `datasets` finds the configurations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "formats/gluscope_samples.h"
#include "store/manifest.h"

namespace actogram {

// What was written of the 50 columns.
struct ClassExport {
  size_t n_listed = 0;  // entries of every list
  uint64_t n_bytes = 0;
  uint64_t n_place_bytes = 0;  // of our sidecar
};

std::string gluscope_card(const Manifest& manifest, std::optional<uint64_t> n_tokens,
                          const std::optional<ClassExport>& classes,
                          const std::optional<SampleExport>& samples);

}  // namespace actogram
