// An SAE to be recorded, as a person names it and as it is once its weights are open.
//
//   spec := WEIGHTS [ "@" SITE ] ( "," KEY "=" VALUE )*
//
// SITE is short (19.resid_post) or TransformerLens' name; it may be left out where the file tells
// it. Keys are name, kind, k, threshold, input_scale and fold_decoder_norm, for what files of some
// formats do not tell (docs/sae.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "codec/json.h"
#include "sae/sae.h"

namespace actogram {

struct SaeSpec {
  std::string weights;
  SaeOptions options = {};
  std::string name = {};  // in addresses: 19.sae:NAME/42
};

// Error{invalid} says what cannot be read.
SaeSpec parse_sae_spec(std::string_view text);

struct RecordedSae {
  Sae sae;
  std::string hook = {};     // where it reads: "blocks.19.hook_resid_post"
  Site site = {};            // of its latents: "blocks.19.hook_resid_post/sae:NAME"
  bool attribution = false;  // of its events to keys: attribution_recorder.h
  Json facts = {};  // for the manifest: site, name, weights, sha256, and what `sae info` tells
};

// Error{invalid} where no site is known, or two SAEs of a layer have the same name.
// Reads all weights: Error{corrupt} if one is not finite.
std::vector<RecordedSae> open_saes(const std::vector<SaeSpec>& specs);

// Error{invalid} where a site has no vector a token that an SAE could read: attention has a value a
// pair of tokens. `what` is who asks.
void check_sae_site(const std::string& site, const std::string& what);

// Which of a source's sites it reads. Error{invalid} if there is none, or one of another width.
size_t source_site_of(const RecordedSae& recorded, const std::vector<Site>& sites);

}  // namespace actogram
