#include "store/manifest.h"

#include <algorithm>
#include <limits>

#include "core/unit_address.h"
#include "store/layout.h"

namespace actogram {

Json to_json(const StoredFiles& files) {
  Json object = Json::object();
  for (const auto& [name, file] : files) {
    object[name] = {{"rows", file.n_rows}, {"bytes", file.n_bytes}, {"xxh3_128", file.checksum}};
  }
  return object;
}

namespace {

// The library would convert any number, and one beyond T to whatever the processor gives.
template <typename T>
T whole_number(const Json& json, const char* name) {
  const Json& value = json.at(name);
  if (!value.is_number_unsigned() || value.get<uint64_t>() > std::numeric_limits<T>::max()) {
    fail(Code::corrupt, "{} is {}, expected a whole number up to {}", name, to_text(value),
         std::numeric_limits<T>::max());
  }
  return value.get<T>();
}

}  // namespace

StoredFiles files_from_json(const Json& json) {
  StoredFiles files;
  for (const auto& [name, file] : json.items()) {
    files[name] = {whole_number<uint64_t>(file, "rows"), whole_number<uint64_t>(file, "bytes"),
                   file.at("xxh3_128").get<std::string>()};
  }
  return files;
}

namespace {

Json sites_to_json(const std::vector<Site>& sites) {
  Json list = Json::array();
  for (const Site& site : sites) {
    list.push_back({{"name", site.name}, {"layer", site.layer}, {"n_units", site.n_units}});
  }
  return list;
}

// Recordings of before the sign classes, and of before attention heads, lack the last ones.
CollateOptions collate_from_json(const Json& json) {
  return {.top = whole_number<uint32_t>(json, "top"),
          .bottom = whole_number<uint32_t>(json, "bottom"),
          .random = whole_number<uint32_t>(json, "random"),
          .per_bucket = whole_number<uint32_t>(json, "per_bucket"),
          .window = whole_number<uint32_t>(json, "window"),
          .sign_classes = json.value("sign_classes", false),
          .class_top = json.value("class_top", 0U),
          .classes_count_bos = json.value("classes_count_bos", true),
          .samples = json.value("samples", 0U),
          .attn_skip_bos = json.value("attn_skip_bos", false)};
}

constexpr std::pair<GateFunction, std::string_view> kGateFunctions[] = {
    {GateFunction::silu, "silu"}, {GateFunction::gelu_tanh, "gelu_tanh"}};

constexpr std::pair<Holds, std::string_view> kHolds[] = {{Holds::everything, "everything"},
                                                         {Holds::classes, "classes"},
                                                         {Holds::class_shares, "class_shares"},
                                                         {Holds::samples, "samples"},
                                                         {Holds::records, "records"}};

Holds holds_from_json(const Json& json) {
  const auto text = json.value("holds", std::string(kHolds[0].second));
  for (const auto& [holds, name] : kHolds) {
    if (name == text) return holds;
  }
  fail(Code::corrupt, "a manifest of a recording that holds {}, which is unknown", text);
}

std::optional<GateFunction> gate_function_from_json(const Json& json) {
  const auto found = json.find("gate_function");
  if (found == json.end() || found->is_null()) return std::nullopt;
  const auto text = found->get<std::string>();
  for (const auto& [function, name] : kGateFunctions) {
    if (name == text) return function;
  }
  fail(Code::corrupt, "a manifest with the unknown gate function {}", text);
}

Manifest manifest_from_json(const Json& json) {
  Manifest manifest;
  manifest.model = json.at("model");
  manifest.corpus = json.at("corpus");
  manifest.options = json.at("options");
  manifest.provenance = json.at("provenance");
  manifest.collate = collate_from_json(json.at("collate"));
  manifest.gate_function = gate_function_from_json(json);
  manifest.refactor_glu = json.value("refactor_glu", false);
  manifest.holds = holds_from_json(json);
  for (const Json& site : json.at("sites")) {
    manifest.sites.push_back({site.at("name").get<std::string>(),
                              whole_number<uint32_t>(site, "layer"),
                              whole_number<uint32_t>(site, "n_units")});
  }
  const auto is_dense = [](const Site& site) { return !is_sparse_site(site.name); };
  if (!std::ranges::is_partitioned(manifest.sites, is_dense)) {
    fail(Code::corrupt, "a manifest with a dense site after a sparse one");
  }
  const auto is_of_tokens = [](const Site& site) { return !is_attention_site(site.name); };
  if (!std::ranges::is_partitioned(manifest.dense_sites(), is_of_tokens)) {
    fail(Code::corrupt, "a manifest with a site of neurons after one of attention heads");
  }
  manifest.saes = json.value("saes", Json::array());
  manifest.files = files_from_json(json.at("files"));
  if (manifest.sites.empty()) fail(Code::corrupt, "a manifest without sites");
  return manifest;
}

}  // namespace

std::string_view name_of(GateFunction function) {
  return kGateFunctions[static_cast<size_t>(function)].second;
}

Json to_json(const CollateOptions& options) {
  return {{"top", options.top},
          {"bottom", options.bottom},
          {"random", options.random},
          {"per_bucket", options.per_bucket},
          {"window", options.window},
          {"sign_classes", options.sign_classes},
          {"class_top", options.class_top},
          {"classes_count_bos", options.classes_count_bos},
          {"samples", options.samples},
          {"attn_skip_bos", options.attn_skip_bos}};
}

std::optional<uint64_t> Manifest::n_tokens() const {
  const auto found = corpus.find("n_tokens");
  if (found == corpus.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<uint64_t>();
}

uint64_t Manifest::n_units() const {
  uint64_t n = 0;
  for (const Site& site : sites) n += site.n_units;
  return n;
}

bool is_attributed(const Manifest& manifest, uint64_t unit_row) {
  size_t site = 0;
  for (; unit_row >= manifest.sites[site].n_units; ++site) unit_row -= manifest.sites[site].n_units;
  return std::ranges::any_of(manifest.saes, [&](const Json& sae) {
    return sae.value("site", "") == manifest.sites[site].name && sae.value("attribution", false);
  });
}

std::span<const Site> Manifest::dense_sites() const {
  return std::span(sites).first(sites.size() - sparse_sites().size());
}

std::span<const Site> Manifest::token_sites() const {
  const std::span<const Site> dense = dense_sites();
  const auto first =
      std::ranges::find_if(dense, [](const Site& site) { return is_attention_site(site.name); });
  return {dense.begin(), first};
}

std::span<const Site> Manifest::sparse_sites() const {
  const auto first =
      std::ranges::find_if(sites, [](const Site& site) { return is_sparse_site(site.name); });
  return {first, sites.end()};
}

bool Manifest::has_corpus() const {
  return holds == Holds::everything || files.contains(documents_table().file);
}

namespace {

// The lowest that can read it.
int version_of(const Manifest& manifest) {
  if (manifest.has_heads() || manifest.has_attributions()) return kHeadsFormatVersion;
  if (!manifest.sparse_sites().empty()) return kEventsFormatVersion;
  return manifest.holds == Holds::everything ? kDenseFormatVersion : kImportFormatVersion;
}

}  // namespace

std::string to_text(const Manifest& manifest) {
  Json gate_function;
  if (manifest.gate_function) gate_function = name_of(*manifest.gate_function);
  const bool whole = manifest.holds == Holds::everything;
  Json json = {{"format", "actogram recording"},
               {"version", version_of(manifest)},
               {"model", manifest.model},
               {"corpus", manifest.corpus},
               {"options", manifest.options},
               {"collate", to_json(manifest.collate)},
               {"gate_function", gate_function},
               {"refactor_glu", manifest.refactor_glu},
               {"sites", sites_to_json(manifest.sites)},
               {"files", to_json(manifest.files)},
               {"provenance", manifest.provenance}};
  if (!manifest.saes.empty()) json["saes"] = manifest.saes;
  if (!whole) json["holds"] = kHolds[static_cast<size_t>(manifest.holds)].second;
  return to_pretty_text(json);
}

Manifest parse_manifest(std::string_view text, const std::string& path) {
  const Json json = parse_json(text, path);
  try {
    if (!json.is_object() || json.value("format", "") != "actogram recording") {
      fail(Code::corrupt, "this is not the manifest of a recording");
    }
    const auto version = whole_number<uint32_t>(json, "version");
    if (version > kFormatVersion) {
      fail(Code::unsupported,
           "written by a newer actogram (format {}); this one reads formats up to {}: update it",
           version, kFormatVersion);
    }
    return manifest_from_json(json);
  } catch (const Json::exception& error) {
    fail(Code::corrupt, "{}: {}", path, reason(error));
  } catch (const Error& error) {
    fail(error.code(), "{}: {}", path, error.what());
  }
}

}  // namespace actogram
