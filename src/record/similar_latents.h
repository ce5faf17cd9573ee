// The latents of a recording that write where another one does, by the decoder of their SAE, whose
// weights must lie where they did when it was recorded.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "actogram/types.h"
#include "record/recorded_sae.h"

namespace actogram {

// Thread-safe. An SAE is opened when it is first asked for, and stays so.
class SimilarLatents {
 public:
  explicit SimilarLatents(std::string recording) : recording_(std::move(recording)) {}

  // The JSON of docs/api.md: the `limit` latents with the highest cosine, or why none is known.
  // Error{invalid} where the unit is no latent.
  std::string json(const UnitAddress& unit, size_t limit);

 private:
  const Sae& sae_of(const std::string& site);

  std::string recording_;
  std::mutex mutex_;
  std::map<std::string, RecordedSae> saes_;  // [site]; guarded by mutex_
};

}  // namespace actogram
