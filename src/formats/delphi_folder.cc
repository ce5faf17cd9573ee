#include "formats/delphi_folder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <tuple>

#include "base/file.h"
#include "core/unit_address.h"
#include "formats/sae_tables_folder.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".safetensors";

std::optional<uint32_t> parse_latent(std::string_view text) {
  uint32_t latent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), latent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return latent;
}

// "0_255.safetensors"; nothing where the name is not of two numbers.
std::optional<DelphiFile> split_of(const fs::path& path) {
  const std::string stem = path.stem().string();
  const size_t between = stem.find('_');
  if (path.extension() != kSuffix || between == stem.npos) return std::nullopt;
  const auto first = parse_latent(std::string_view(stem).substr(0, between));
  const auto last = parse_latent(std::string_view(stem).substr(between + 1));
  if (!first || !last) return std::nullopt;
  if (*first > *last) fail(Code::corrupt, "{}: from {} to {}", path.string(), *first, *last);
  return DelphiFile{path.string(), *first, last};
}

std::vector<DelphiFile> splits_in(const fs::path& folder) {
  std::vector<DelphiFile> splits;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (auto split = split_of(entry.path())) splits.push_back(std::move(*split));
  }
  std::ranges::sort(splits, {},
                    [](const DelphiFile& file) { return std::tie(file.first, file.path); });
  return splits;
}

// Files that were not fetched are latents that would seem never to fire.
void check_cover(const fs::path& folder, const std::vector<DelphiFile>& splits) {
  uint64_t next = 0;
  for (const DelphiFile& split : splits) {
    if (split.first > next) {
      fail(Code::corrupt, "{}: latents {} to {} are in no file: some are missing", folder.string(),
           next, split.first - 1);
    }
    if (split.first < next) {
      fail(Code::corrupt, "{}: its latents from {} on are in another file, too", split.path,
           split.first);
    }
    next = uint64_t{*split.last} + 1;
  }
}

DelphiHookpoint hookpoint_in(const fs::path& folder, std::vector<DelphiFile> splits) {
  check_cover(folder, splits);
  DelphiHookpoint hookpoint{.name = name_of_folder(folder.string()), .files = std::move(splits)};
  const fs::path config = folder / "config.json";
  if (!fs::exists(config)) return hookpoint;
  hookpoint.config_path = config.string();
  hookpoint.config = parse_json(read_file(hookpoint.config_path), hookpoint.config_path);
  if (!hookpoint.config.is_object()) {
    fail(Code::corrupt, "{}: expected an object of settings", hookpoint.config_path);
  }
  return hookpoint;
}

std::vector<DelphiHookpoint> hookpoints_in(const fs::path& folder) {
  if (auto splits = splits_in(folder); !splits.empty()) {
    return {hookpoint_in(folder, std::move(splits))};
  }
  std::vector<DelphiHookpoint> hookpoints;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) {
      auto splits = splits_in(entry.path());
      if (!splits.empty()) hookpoints.push_back(hookpoint_in(entry.path(), std::move(splits)));
    } else if (entry.path().extension() == kSuffix) {
      hookpoints.push_back(
          {.name = entry.path().stem().string(), .files = {{entry.path().string(), 0, {}}}});
    }
  }
  std::ranges::sort(hookpoints, {}, [](const DelphiHookpoint& hookpoint) {
    return std::tuple(layer_of_site(hookpoint.name), hookpoint.name);
  });
  return hookpoints;
}

std::string sae_of_run(const fs::path& path) {
  if (!fs::exists(path)) return "";
  const Json config = parse_json(read_file(path.string()), path.string());
  const auto found = config.is_object() ? config.find("sparse_model") : config.end();
  return found != config.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

DelphiFolder open_delphi_folder(const std::string& path) {
  if (!fs::is_directory(path)) fail(Code::not_found, "{}: no such folder", path);
  fs::path root = path;
  DelphiFolder folder;
  if (fs::is_directory(root / "latents")) {
    folder.sae = sae_of_run(root / "run_config.json");
    root /= "latents";
  }
  folder.hookpoints = hookpoints_in(root);
  if (folder.hookpoints.empty()) {
    fail(Code::not_found,
         "{0}: no latent caches: expected {0}/HOOKPOINT/FIRST_LAST.safetensors, as {0}/layers.2/"
         "0_26213.safetensors",
         path);
  }
  return folder;
}

}  // namespace actogram
