#include "formats/delphi_cache.h"

#include <algorithm>
#include <utility>

#include "core/module_names.h"
#include "core/unit_address.h"
#include "formats/sae_tables_folder.h"
#include "store/event_tables.h"

namespace actogram {

DelphiCache::DelphiCache(const DelphiCacheOptions& options)
    : options_(options), folder_(open_delphi_folder(options.folder)) {
  if (options_.sae.empty()) options_.sae = folder_.sae.empty() ? "delphi" : folder_.sae;
  options_.sae = sae_name_of(options_.sae);
  read_models();
  find_tokens();
  number_latents();
}

void DelphiCache::read_models() {
  for (const DelphiHookpoint& hookpoint : folder_.hookpoints) {
    if (!hookpoint.config.contains("model_name")) continue;
    const auto model = field<std::string>(hookpoint.config, "model_name", hookpoint.config_path);
    if (model_.empty()) model_ = model;
    if (model == model_) continue;
    fail(Code::invalid, "{}: model_name is {}, of another hookpoint {}: import them one by one",
         hookpoint.config_path, model, model_);
  }
}

// The first file that has them; the others are held against it when they are read.
void DelphiCache::find_tokens() {
  for (const DelphiHookpoint& hookpoint : folder_.hookpoints) {
    for (const DelphiFile& file : hookpoint.files) {
      auto open = std::make_unique<OpenDelphiFile>(file);
      const auto shape = open->split.tokens();
      n_rows_ += open->split.n_rows();
      if (!shape || tokens_) continue;
      shape_ = *shape;
      tokens_ = std::move(open);
    }
  }
  if (!tokens_) {
    fail(Code::invalid,
         "{}: no file has the tensor tokens, so nothing says how many tokens there were: cache "
         "with save_tokens",
         options_.folder);
  }
  if (shape_.n_sequences == 0 || shape_.context == 0) {
    fail(Code::corrupt, "{}: no tokens", options_.folder);
  }
  if (shape_.n_sequences > kMostEventTokens / shape_.context) {
    fail(Code::unsupported, "{}: {} sequences of {} tokens: up to {} tokens can be numbered",
         options_.folder, shape_.n_sequences, shape_.context, kMostEventTokens);
  }
  for (const DelphiHookpoint& hookpoint : folder_.hookpoints) check_context(hookpoint);
}

// Before February 2025 the key was ctx_len.
void DelphiCache::check_context(const DelphiHookpoint& hookpoint) const {
  for (const char* key : {"cache_ctx_len", "ctx_len"}) {
    if (!hookpoint.config.contains(key)) continue;
    const auto context = field<uint64_t>(hookpoint.config, key, hookpoint.config_path);
    if (context == shape_.context) continue;
    fail(Code::corrupt, "{}: {} is {}, and tokens are {}", hookpoint.config_path, key, context,
         shape_text({shape_.n_sequences, shape_.context}));
  }
}

uint64_t DelphiCache::n_latents_of(const DelphiHookpoint& hookpoint) const {
  if (const auto last = hookpoint.files.back().last) {
    const uint64_t n = uint64_t{*last} + 1;
    if (options_.n_latents == 0 || options_.n_latents == n) return n;
    fail(Code::invalid, "--latents {}: the files of {} are of {} latents", options_.n_latents,
         hookpoint.name, n);
  }
  const OpenDelphiFile open(hookpoint.files.front());
  const uint64_t n = open.split.n_latents_named();
  if (options_.n_latents > 0 && n > options_.n_latents) {
    fail(Code::invalid, "{}: latent {}, but --latents {}: latents are 0 to {}",
         hookpoint.files.front().path, n - 1, options_.n_latents, options_.n_latents - 1);
  }
  return std::max({n, uint64_t{options_.n_latents}, uint64_t{1}});
}

// NAME of a residual stream, NAME-mlp of an MLP: a layer may have both.
std::string DelphiCache::sae_name(const std::string& module) const {
  const size_t layer = module.find('.');
  const size_t part = layer == module.npos ? module.npos : module.find('.', layer + 1);
  if (part == module.npos) return options_.sae;
  return options_.sae + "-" + sae_name_of(std::string_view(module).substr(part + 1));
}

void DelphiCache::number_latents() {
  uint64_t n_units = 0;
  for (const DelphiHookpoint& hookpoint : folder_.hookpoints) {
    const uint64_t n = n_latents_of(hookpoint);
    if (n > kMostEventUnits - n_units) {
      fail(Code::unsupported, "{}: more than {} latents in one recording; import fewer hookpoints",
           options_.folder, kMostEventUnits);
    }
    const std::string known = hook_of_module(hookpoint.name);
    DelphiLatents latents{.hookpoint = &hookpoint, .hook = known.empty() ? hookpoint.name : known};
    latents.sae = sae_name(hookpoint.name);
    latents.site = {sae_site_name(latents.hook, latents.sae), layer_of_site(latents.hook),
                    static_cast<uint32_t>(n)};
    latents.first_unit = n_units;
    for (const DelphiLatents& other : latents_) {
      if (other.site.name != latents.site.name) continue;
      fail(Code::invalid, "{}: {} and {} are both {}: import them one by one", options_.folder,
           other.hookpoint->name, hookpoint.name, latents.site.name);
    }
    n_units += n;
    latents_.push_back(std::move(latents));
  }
  n_units_ = n_units;
}

}  // namespace actogram
