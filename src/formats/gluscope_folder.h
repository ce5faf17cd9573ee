// What lies in the folder of a data set of GLUScope's: the Parquet files of its 50 columns or of
// its sampled activations, what its card says, and our sidecar where the data set is an export of
// ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.h"
#include "store/manifest.h"

namespace actogram {

struct GluscopeFolder {
  std::vector<std::string> shards;    // of the 50 columns, in the order of their names
  std::vector<std::string> samples;   // of the sampled activations, likewise; one of both is there
  std::optional<std::string> places;  // our sidecar, row for row
  std::optional<Manifest> manifest;   // of the recording that was exported
  Json manifest_json;                 // null without one

  Json card = Json::object();          // pretty_name, license, refactor_glu: as README.md has them
  std::optional<uint64_t> n_examples;  // rows, as README.md claims
};

// FOLDER/data/train-*.parquet or FOLDER/*.parquet, of either kind, and
// FOLDER/sampled-activations/train-*.parquet. Error{not_found} without any, or where names say that
// there are more (train-00000-of-00008).
GluscopeFolder open_gluscope_folder(const std::string& folder);

}  // namespace actogram
