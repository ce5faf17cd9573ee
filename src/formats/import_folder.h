// What the imports have in common: they are known by the files that they read, and what a failed
// one wrote is removed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "codec/json.h"
#include "store/manifest.h"

namespace actogram {

// For each file its name below `folder`, its bytes and its SHA-256.
Json hashed_files(const std::vector<std::string>& paths, const std::string& folder,
                  const ProgressFn& progress);

// Calls `write` with the work folder of the recording `output`, which becomes that; where it
// throws, nothing is left. Gives what `write` does.
Manifest write_import(const std::string& output, const Json& identity,
                      const std::vector<std::string>& command,
                      const std::function<Manifest(const std::string& in)>& write);

}  // namespace actogram
