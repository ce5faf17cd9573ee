// What lies in a folder of Delphi's latent caches (github.com/EleutherAI/delphi, latents/cache.py).
//
//   HOOKPOINT/FIRST_LAST.safetensors    the events of the latents FIRST to LAST (delphi_split.h)
//   HOOKPOINT/config.json               what was cached: data set, context, model
//   HOOKPOINT.safetensors               or all of its latents in one file
//
// A hookpoint is a module of the model, `layers.2.mlp`. The folder has one of these for each
// hookpoint; it may also be that of a run, which has them in `latents/` beside run_config.json, or
// that of one hookpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.h"

namespace actogram {

struct DelphiFile {
  std::string path;
  uint32_t first = 0;                 // latent
  std::optional<uint32_t> last = {};  // inclusive; where the name tells it
};

struct DelphiHookpoint {
  std::string name;
  std::vector<DelphiFile> files = {};  // by latents, without a gap
  std::string config_path = {};        // empty: there is none
  Json config = Json::object();
};

struct DelphiFolder {
  std::vector<DelphiHookpoint> hookpoints;  // by layer, then name
  std::string sae;                          // as run_config.json says; empty: it is not there
};

// Error{not_found} where there is no cache, Error{corrupt} where files of a hookpoint overlap or
// leave out latents.
DelphiFolder open_delphi_folder(const std::string& folder);

}  // namespace actogram
