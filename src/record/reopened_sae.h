// An SAE of a recording, opened again to encode other text as it was encoded there.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "codec/json.h"
#include "record/recorded_sae.h"

namespace actogram {

// By what the manifest says of it: its weights where they lay then. Error{not_found} where they are
// no longer there, Error{invalid} where they are not those, or cannot be read as they were.
RecordedSae open_again(const Json& facts);

// All of a recording's. Thread-safe. One is opened when it is first asked for, and stays so.
class ReopenedSaes {
 public:
  explicit ReopenedSaes(std::string recording) : recording_(std::move(recording)) {}

  // By the site of its latents. Throws what open_again() throws.
  const RecordedSae& at(const std::string& site);

 private:
  std::string recording_;
  std::mutex mutex_;
  std::map<std::string, RecordedSae> saes_;  // [site]; guarded by mutex_
};

}  // namespace actogram
