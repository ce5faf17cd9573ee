#include "store/manifest.h"

#include "store/layout.h"

namespace actogram {

Json to_json(const StoredFiles& files) {
  Json object = Json::object();
  for (const auto& [name, file] : files) {
    object[name] = {{"rows", file.n_rows}, {"bytes", file.n_bytes}, {"xxh3_128", file.checksum}};
  }
  return object;
}

StoredFiles files_from_json(const Json& json) {
  StoredFiles files;
  for (const auto& [name, file] : json.items()) {
    files[name] = {file.at("rows").get<uint64_t>(), file.at("bytes").get<uint64_t>(),
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

Json collate_to_json(const CollateOptions& options) {
  return {{"top", options.top},
          {"bottom", options.bottom},
          {"random", options.random},
          {"per_bucket", options.per_bucket},
          {"window", options.window}};
}

CollateOptions collate_from_json(const Json& json) {
  return {.top = json.at("top").get<uint32_t>(),
          .bottom = json.at("bottom").get<uint32_t>(),
          .random = json.at("random").get<uint32_t>(),
          .per_bucket = json.at("per_bucket").get<uint32_t>(),
          .window = json.at("window").get<uint32_t>()};
}

Manifest manifest_from_json(const Json& json) {
  Manifest manifest;
  manifest.model = json.at("model");
  manifest.corpus = json.at("corpus");
  manifest.options = json.at("options");
  manifest.provenance = json.at("provenance");
  manifest.collate = collate_from_json(json.at("collate"));
  for (const Json& site : json.at("sites")) {
    manifest.sites.push_back({site.at("name").get<std::string>(), site.at("layer").get<uint32_t>(),
                              site.at("n_units").get<uint32_t>()});
  }
  manifest.files = files_from_json(json.at("files"));
  if (manifest.sites.empty()) fail(Code::corrupt, "a manifest without sites");
  return manifest;
}

}  // namespace

std::string to_text(const Manifest& manifest) {
  const Json json = {{"format", "actogram recording"},
                     {"version", kFormatVersion},
                     {"model", manifest.model},
                     {"corpus", manifest.corpus},
                     {"options", manifest.options},
                     {"collate", collate_to_json(manifest.collate)},
                     {"sites", sites_to_json(manifest.sites)},
                     {"files", to_json(manifest.files)},
                     {"provenance", manifest.provenance}};
  return to_pretty_text(json);
}

Manifest parse_manifest(std::string_view text, const std::string& path) {
  const Json json = parse_json(text, path);
  try {
    if (!json.is_object() || json.value("format", "") != "actogram recording") {
      fail(Code::corrupt, "{}: this is not the manifest of a recording", path);
    }
    const int version = json.at("version").get<int>();
    if (version > kFormatVersion) {
      fail(
          Code::unsupported,
          "{}: written by a newer actogram (format {}); this one reads formats up to {}: update it",
          path, version, kFormatVersion);
    }
    return manifest_from_json(json);
  } catch (const Json::exception& error) {
    fail(Code::corrupt, "{}: {}", path, reason(error));
  }
}

}  // namespace actogram
