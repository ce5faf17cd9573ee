#include "formats/tdb_datasets.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace actogram {
namespace {

constexpr std::string_view kKinds[] = {"mlp_post_act", "attn_write_norm", "mlp_autoencoder_latent",
                                       "attention_autoencoder_latent",
                                       "flattened_attn_write_to_latent_summed_over_heads"};
static_assert(std::size(kKinds) ==
              static_cast<size_t>(TdbKind::flattened_attn_write_to_latent_summed_over_heads) + 1);

// Places in the model: their names there, and what follows "blocks.5." here.
struct Location {
  std::string_view name;
  std::string_view hook;
};
constexpr Location kLocations[] = {
    {"mlp_post_act", "mlp.hook_post"},     {"attn_write_norm", "attn.hook_pattern"},
    {"resid_delta_mlp", "hook_mlp_out"},   {"resid_delta_attn", "hook_attn_out"},
    {"resid_post_mlp", "hook_resid_post"}, {"resid_post_attn", "hook_resid_mid"}};

constexpr std::string_view kByToken = "collated-activations";
constexpr std::string_view kByPair = "collated-activations-by-token-pair";
constexpr std::string_view kExplanations = "explanations";
constexpr std::string_view kLatents = "autoencoder_latent";

struct Row {
  std::string_view name;
  TdbKind kind;
  std::string_view path;  // below neuron-explainer/
  std::string_view model;
  uint32_t n_layers;
  uint32_t n_units;
};
constexpr Row kRows[] = {
    {"gpt2-xl", TdbKind::mlp_post_act, "data/collated-activations", "gpt2-xl", 48, 6400},
    {"gpt2-small", TdbKind::mlp_post_act, "gpt2_small_data/collated-activations", "gpt2", 12, 3072},
    {"gpt2-small", TdbKind::attn_write_norm,
     "gpt2_small/attn_write_norm/collated-activations-by-token-pair", "gpt2", 12, 12},
    {"gpt2-small_ae-mlp-post-act-v1", TdbKind::mlp_autoencoder_latent,
     "gpt2_small/autoencoder_latent/mlp_post_act_v1/collated-activations", "gpt2", 12, 32768},
    {"gpt2-small_ae-resid-delta-mlp-v1", TdbKind::mlp_autoencoder_latent,
     "gpt2_small/autoencoder_latent/resid_delta_mlp_v1/collated-activations", "gpt2", 12, 32768},
    {"gpt2-small_ae-mlp-post-act-v4", TdbKind::mlp_autoencoder_latent,
     "gpt2_small/autoencoder_latent/mlp_post_act_v4/collated-activations", "gpt2", 12, 32768},
    {"gpt2-small_ae-resid-delta-mlp-v4", TdbKind::mlp_autoencoder_latent,
     "gpt2_small/autoencoder_latent/resid_delta_mlp_v4/collated-activations", "gpt2", 12, 32768},
    // 10,240 latents by datasets.md, 32,768 by another page: up to the highest that there is.
    {"gpt2-small_ae-resid-delta-attn-v4", TdbKind::attention_autoencoder_latent,
     "gpt2_small/autoencoder_latent/resid_delta_attn_v4/collated-activations", "gpt2", 12, 0},
    {"gpt2-small_ae-resid-delta-attn-v4", TdbKind::flattened_attn_write_to_latent_summed_over_heads,
     "gpt2_small/autoencoder_latent/resid_delta_attn_v4/collated-activations-by-token-pair", "gpt2",
     12, 0}};

std::string plain(std::string_view part) {
  std::string text(part);
  std::ranges::replace(text, '-', '_');
  return text;
}

// A path's folders, the last one last.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0 && path.substr(0, slash) != ".") parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

// "mlp_post_act_v4" is v4 of the location mlp_post_act; without a version it is the first.
struct Latents {
  const Location* location;
  std::string name;
};
std::optional<Latents> latents_called(std::string_view folder) {
  for (const Location& location : kLocations) {
    if (!plain(folder).starts_with(location.name)) continue;
    const std::string_view rest = folder.substr(location.name.size());
    if (rest.empty()) return Latents{&location, "v1"};
    if (plain(rest).front() == '_' && rest.size() > 1)
      return Latents{&location, std::string(rest.substr(1))};
  }
  return std::nullopt;
}

// The hook that the last two or three parts of a path name.
std::optional<std::string> hook_of(const std::vector<std::string>& parts, size_t end) {
  if (end >= 2 && plain(parts[end - 2]) == kLatents) {
    const auto latents = latents_called(parts[end - 1]);
    if (!latents) return std::nullopt;
    return fmt::format("{}/sae:{}", latents->location->hook, latents->name);
  }
  for (const Location& location : kLocations) {
    if (end >= 1 && plain(parts[end - 1]) == location.name) return std::string(location.hook);
  }
  return std::nullopt;
}

bool ends_with(const std::vector<std::string>& parts, const std::vector<std::string>& tail) {
  const auto same = [](const std::string& a, const std::string& b) { return plain(a) == plain(b); };
  return parts.size() >= tail.size() &&
         std::equal(tail.rbegin(), tail.rend(), parts.rbegin(), same);
}

// datasets.md leaves out the version of the first SAEs.
std::vector<std::string> with_version(std::vector<std::string> parts) {
  if (parts.size() < 3 || plain(parts[parts.size() - 3]) != kLatents) return parts;
  std::string& folder = parts[parts.size() - 2];
  const auto latents = latents_called(folder);
  if (latents && plain(folder) == latents->location->name) folder += "_v1";
  return parts;
}

}  // namespace

std::string_view name_of(TdbKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::optional<TdbDataset> tdb_dataset(std::string_view path) {
  const std::vector<std::string> parts = with_version(parts_of(path));
  if (parts.empty()) return std::nullopt;
  const auto hook = hook_of(parts, parts.size() - 1);
  if (parts.back() == kExplanations && hook) {
    return TdbDataset{tdb_explanations_folder(*hook, false), "", *hook, false, 0, 0};
  }
  const bool pairs = plain(parts.back()) == plain(kByPair);
  if (!pairs && plain(parts.back()) != plain(kByToken)) return std::nullopt;
  for (const Row& row : kRows) {
    if (!ends_with(parts, parts_of(row.path))) continue;
    const bool neurons = row.kind == TdbKind::mlp_post_act;
    return TdbDataset{fmt::format("{} {}", row.name, name_of(row.kind)),
                      std::string(row.model),
                      neurons ? "mlp.hook_post" : hook.value(),
                      pairs,
                      row.n_layers,
                      row.n_units};
  }
  if (!hook) return std::nullopt;
  return TdbDataset{tdb_folder(*hook, pairs), "", *hook, pairs, 0, 0};
}

std::string tdb_folder(std::string_view hook, bool pairs) {
  constexpr std::string_view kSae = "/sae:";
  const size_t sae = hook.find(kSae);
  const std::string_view place = hook.substr(0, sae);
  std::string name(place);
  for (const Location& location : kLocations) {
    if (location.hook == place) name = location.name;
  }
  if (sae != hook.npos) {
    name = fmt::format("{}/{}_{}", kLatents, name, hook.substr(sae + kSae.size()));
  }
  return fmt::format("{}/{}", name, pairs ? kByPair : kByToken);
}

std::string tdb_explanations_folder(std::string_view hook, bool pairs) {
  const std::string folder = tdb_folder(hook, pairs);
  return fmt::format("{}/{}", folder.substr(0, folder.rfind('/')), kExplanations);
}

std::string_view hook_of_site(std::string_view site) {
  const size_t first = site.find('.');
  const size_t second = first == site.npos ? site.npos : site.find('.', first + 1);
  return second == site.npos ? site : site.substr(second + 1);
}

}  // namespace actogram
