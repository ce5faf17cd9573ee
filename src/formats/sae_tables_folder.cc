#include "formats/sae_tables_folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "base/file.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> parquet_files(const fs::path& folder) {
  std::vector<std::string> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".parquet") files.push_back(entry.path().string());
  }
  if (files.empty()) fail(Code::not_found, "{}: no *.parquet files in it", folder.string());
  std::ranges::sort(files);
  return files;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

// "- **Base model**: `meta-llama/Llama-3.1-8B-Instruct`" -> its value, without marks of code and
// the address of a link.
std::string_view plain(std::string_view value) {
  if (value.starts_with('[')) value = value.substr(1, value.find(']') - 1);
  while (value.starts_with('`')) value.remove_prefix(1);
  while (value.ends_with('`')) value.remove_suffix(1);
  return value;
}

struct Key {
  std::string_view line;  // before the value
  const char* name;       // in the card
};
constexpr std::array kKeys = {Key{"license:", "license"},
                              Key{"- **Base model**:", "base_model"},
                              Key{"- **SAE model**:", "sae"},
                              Key{"- **SAE**:", "sae_description"},
                              Key{"- **Source corpus**:", "source_corpus"},
                              Key{"- **Hidden dimension**:", "hidden_dimension"}};

void read_card(const std::string& path, SaeTablesFolder& folder) {
  const std::string text = read_file(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(at, end - at));
    at = end + 1;
    for (const Key& key : kKeys) {
      if (!line.starts_with(key.line) || folder.card.contains(key.name)) continue;
      folder.card[key.name] = std::string(plain(trimmed(line.substr(key.line.size()))));
    }
  }
  const std::string digits = folder.card.value("hidden_dimension", "");
  uint32_t width = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), width);
  if (error == std::errc() && stop == digits.data() + digits.size() && width > 0) {
    folder.width = width;
  }
}

}  // namespace

std::string sae_name_of(std::string_view name) {
  while (name.ends_with('/')) name.remove_suffix(1);
  std::string out(name.substr(name.rfind('/') + 1));
  std::ranges::replace_if(
      out,
      [](unsigned char c) {
        return std::isalnum(c) == 0 &&
               std::string_view("._-").find(static_cast<char>(c)) == std::string_view::npos;
      },
      '-');
  return out;
}

std::string name_of_folder(const std::string& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

SaeTablesFolder open_sae_tables(const std::string& path) {
  if (!fs::exists(path)) fail(Code::not_found, "{}: no such folder", path);
  SaeTablesFolder folder;
  folder.activations = parquet_files(fs::path(path) / kFeatureActivations);
  folder.prompts = parquet_files(fs::path(path) / kPromptFeatures);
  folder.explanation_inputs = parquet_files(fs::path(path) / kExplanationInputs);
  folder.explanations = parquet_files(fs::path(path) / kExplanations);
  if (folder.activations.empty() && folder.prompts.empty()) {
    fail(Code::not_found,
         "{0}: no tables of SAE activations: expected {0}/{1}/*.parquet or {0}/{2}/*.parquet", path,
         kFeatureActivations, kPromptFeatures);
  }
  if (const auto card = fs::path(path) / "README.md"; fs::exists(card)) {
    read_card(card.string(), folder);
  }
  const std::string named = folder.card.value("sae", "");
  folder.sae_name =
      sae_name_of(named.empty() ? fs::absolute(path).lexically_normal().string() : named);
  return folder;
}

}  // namespace actogram
