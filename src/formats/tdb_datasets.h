// The data sets of NeuronRecords that OpenAI published, by their paths, and what their units are.
//
//   PATH/LAYER/INDEX.json     PATH as in neuron_datasets.py of the Transformer Debugger
//
// datasets.md of the same repository writes some of them otherwise (`gpt2-small` for `gpt2_small`,
// no version for `_v1`, `.pt` for `.json`); a downloaded tree may follow either. How to add one: a
// row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace actogram {

// "DerivedScalarType" there.
enum class TdbKind : uint8_t {
  mlp_post_act,
  attn_write_norm,
  mlp_autoencoder_latent,
  attention_autoencoder_latent,
  flattened_attn_write_to_latent_summed_over_heads,
};
std::string_view name_of(TdbKind kind);

struct TdbDataset {
  std::string name;       // "gpt2-small_ae-resid-delta-mlp-v4", or what an export calls it
  std::string model;      // as Hugging Face names it; empty: not known
  std::string hook;       // what follows "blocks.5.": "hook_mlp_out/sae:v4"
  bool pairs = false;     // a value for each pair of tokens
  uint32_t n_layers = 0;  // 0: not known
  uint32_t n_units = 0;   // of a layer; 0: not known
};

// Of a folder that holds LAYER/INDEX.json: a published one by the end of its path, or an export of
// ours (tdb_folder, tdb_explanations_folder). Nothing where the path says nothing.
std::optional<TdbDataset> tdb_dataset(std::string_view path);

// Where an export puts the units of a hook: "mlp_post_act/collated-activations". Hooks without a
// name in the Transformer Debugger keep their own.
std::string tdb_folder(std::string_view hook, bool pairs);
// And beside them what explains these: "mlp_post_act/explanations".
std::string tdb_explanations_folder(std::string_view hook, bool pairs);

// What follows "blocks.5." in a site's name.
std::string_view hook_of_site(std::string_view site);

}  // namespace actogram
