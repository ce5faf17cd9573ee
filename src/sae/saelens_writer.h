// Writes a top-k SAE as SAELens has it, so that SAELens and everything that reads it can load it.
//
//   NAME/              cfg.json  sae_weights.safetensors        SAE.load_from_disk("NAME")
//   NAME.safetensors   the same weights, with the text of cfg.json in their metadata
//
// W_enc is [d_in, n_latents] there, the other way round than here.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "codec/json.h"
#include "sae/sae.h"

namespace actogram {

// Views of weights for one call. What the model's values are multiplied by is folded in: SAELens
// has no place for it.
struct SaeArrays {
  uint32_t d_in = 0;
  uint32_t n_latents = 0;
  uint32_t k = 0;
  InputNorm input_norm = InputNorm::none;  // layer_norm, none, or scale
  float input_scale = 1;                   // of `scale`
  std::span<const float> w_enc;            // [n_latents, d_in]
  std::span<const float> w_dec;            // [n_latents, d_in]
  std::span<const float> b_enc;            // [n_latents]
  std::span<const float> b_dec;            // [d_in]
};

enum class SaeLayout : uint8_t { folder, file };

// Makes `path`, which must not exist. `metadata` is cfg.json's member of this name: `model_name`,
// `hook_name` and whatever else is to be told.
void write_saelens(const std::string& path, SaeLayout layout, const SaeArrays& arrays,
                   const Json& metadata);

}  // namespace actogram
