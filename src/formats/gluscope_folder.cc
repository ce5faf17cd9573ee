#include "formats/gluscope_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "formats/gluscope_samples.h"
#include "formats/gluscope_schema.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> parquet_files(const fs::path& folder, std::string_view prefix) {
  std::vector<std::string> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".parquet") && name.starts_with(prefix))
      files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

// "train-00002-of-00008.parquet" says that there are eight.
void check_complete(const std::vector<std::string>& shards) {
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fs::path(shards[i]).filename().string();
    unsigned long index = 0, count = 0;
    const size_t at = name.find("-of-");
    const size_t dash = at == name.npos ? at : name.rfind('-', at - 1);
    if (dash == name.npos || dash + 1 == at) continue;
    if (std::sscanf(name.c_str() + dash, "-%9lu-of-%9lu", &index, &count) != 2) continue;
    if (count == shards.size() && index == i) continue;
    fail(Code::not_found, "{}: one of {} files by its name, but {} {} there", shards[i], count,
         shards.size(), shards.size() == 1 ? "is" : "are");
  }
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

// The few plain `key: value` lines that are of use here: of the YAML header, or of our own cards,
// "* `key`: value".
void read_card(const std::string& path, GluscopeFolder& folder) {
  const std::string text = read_file(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(at, end - at));
    at = end + 1;
    const size_t colon = line.find(": ");
    if (colon == line.npos) continue;
    std::string_view key = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 2));
    if (key.starts_with("* `") && key.ends_with('`')) key = key.substr(3, key.size() - 4);
    if (key == "pretty_name" || key == "license" || key == "refactor_glu") {
      folder.card[std::string(key)] = std::string(value);
    }
    if (key != "num_examples") continue;
    uint64_t n = 0;
    const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error == std::errc() && stop == value.data() + value.size()) folder.n_examples = n;
  }
}

}  // namespace

GluscopeFolder open_gluscope_folder(const std::string& path) {
  if (!fs::exists(path)) fail(Code::not_found, "{}: no such folder", path);
  GluscopeFolder folder;
  folder.shards = parquet_files(fs::path(path) / kGluscopeData, "train-");
  if (folder.shards.empty()) folder.shards = parquet_files(path, "");
  folder.samples = parquet_files(fs::path(path) / kGluscopeSamples, "train-");
  if (folder.shards.empty() && folder.samples.empty()) {
    fail(Code::not_found, "{0}: no data set: expected {0}/data/train-*.parquet or {0}/*.parquet",
         path);
  }
  check_complete(folder.shards);
  check_complete(folder.samples);
  if (!folder.shards.empty() && is_gluscope_samples(folder.shards.front())) {
    folder.samples = std::exchange(folder.shards, {});
  }
  if (const auto card = fs::path(path) / "README.md"; fs::exists(card)) {
    read_card(card.string(), folder);
  }
  const auto places = fs::path(path) / kGluscopePlaces;
  const std::string manifest = (fs::path(path) / kGluscopeManifest).string();
  if (fs::exists(manifest)) folder.manifest_json = parse_json(read_file(manifest), manifest);
  if (!fs::exists(places) || folder.shards.empty()) return folder;
  folder.places = places.string();
  folder.manifest = parse_manifest(read_file(manifest), manifest);
  if (folder.manifest->holds != Holds::everything || !folder.manifest->gate_function ||
      !folder.manifest->n_tokens()) {
    fail(Code::corrupt, "{}: not the manifest of a recording with sign classes", manifest);
  }
  return folder;
}

}  // namespace actogram
