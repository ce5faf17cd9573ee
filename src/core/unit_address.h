// Site and unit names as people type them, and the keys that sampling draws by.
//
//   address := site "/" index
//   site    := TransformerLens name, "blocks.5.mlp.hook_post", or short, "5.mlp", "5.attn";
//              an SAE's adds its name, "blocks.5.hook_resid_post/sae:NAME", short "5.sae:NAME",
//              or "5.sae" where the layer has one SAE
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "actogram/types.h"
#include "base/hash.h"

namespace actogram {

// Error{invalid} with an example if `text` is neither form.
UnitAddress parse_unit_address(std::string_view text);
std::string full_site_name(std::string_view text);   // "5.mlp" -> "blocks.5.mlp.hook_post"
std::string short_site_name(std::string_view site);  // and back; others stay as they are
// Neuronpedia's address of a unit, "MODEL/9-small/42", as ours: "9.sae:small/42"; its sets "mlp"
// and "" are neurons, "12.mlp/345", and "sae" is the layer's only SAE. Error{invalid} where it is
// none.
std::string from_neuronpedia(std::string_view text);
uint32_t layer_of_site(std::string_view site);  // 5; 0 where the name has no layer

std::string sae_site_name(std::string_view hook, std::string_view sae);
bool is_sparse_site(std::string_view site);  // an SAE's: its units are kept as events

bool is_attention_site(std::string_view site);  // blocks.N.attn.hook_pattern: units are heads

// The one of `sites` that `name`, full or short, means. Error{not_found} says what there is,
// Error{invalid} where a short name could mean two.
size_t find_site(std::span<const Site> sites, std::string_view name);

// The sampling rank of a sequence for a unit: a sequence is drawn before another if its rank is
// lower (equal ranks: the earlier sequence). Uniform over sequences and independent between units,
// and a function of nothing but the two names, so every split of the corpus draws the same sample.
inline uint64_t unit_key(std::string_view site, uint32_t index) {
  return mix64(fnv1a64(site) + index);
}
inline uint64_t sequence_key(std::string_view source, uint64_t ordinal, uint32_t chunk) {
  return mix64(mix64(fnv1a64(source) + ordinal) + chunk);
}
inline uint32_t sample_rank(uint64_t unit, uint64_t sequence) {
  return static_cast<uint32_t>(mix64(unit ^ sequence) >> 32);
}
// The token of a sequence at which all units are sampled: uniform over its tokens, and a function
// of nothing but the sequence's key and length.
inline uint32_t sampled_position(uint64_t sequence, uint32_t n_tokens) {
  const uint64_t drawn = sample_rank(fnv1a64("sampled position"), sequence);
  return static_cast<uint32_t>(drawn * n_tokens >> 32);
}

}  // namespace actogram
