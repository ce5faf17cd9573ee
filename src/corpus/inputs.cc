#include "corpus/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "actogram/error.h"
#include "base/hash.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStdin = "-";

std::pair<std::string, std::string> split_input(const std::string& input) {
  const size_t equals = input.find('=');
  const bool named = equals != input.npos && equals > 0 && input.find('/') > equals;
  std::error_code ignored;  // a name that no path can have is no path
  if (!named || fs::exists(input, ignored)) return {"", input};
  return {input.substr(0, equals), input.substr(equals + 1)};
}

// "data/" and "data/." are named "data"; "." is named after the folder it is.
std::string name_of_path(const std::string& path) {
  if (path == kStdin) return "stdin";
  const fs::path absolute = fs::absolute(path).lexically_normal();
  const fs::path& named = absolute.has_filename() ? absolute : absolute.parent_path();
  return named.filename().string();
}

CorpusFile file_at(const fs::path& path, std::string name) {
  CorpusFile file{.path = path.string(), .name = std::move(name)};
  if (fs::is_regular_file(path)) {
    using std::chrono::file_clock;
    const auto since_1970 = file_clock::to_sys(fs::last_write_time(path)).time_since_epoch();
    file.bytes = fs::file_size(path);
    file.modified_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count();
  }
  return file;
}

// What `datasets` writes beside its .arrow files: a description, not documents.
bool describes_arrow_files(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name != "dataset_info.json" && name != "state.json") return false;
  const fs::path folder = path.parent_path();
  if (!fs::exists(folder / "dataset_info.json") || !fs::exists(folder / "state.json")) return false;
  return std::ranges::any_of(fs::directory_iterator(folder), [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".arrow";
  });
}

std::vector<CorpusFile> files_below(const fs::path& folder) {
  std::vector<CorpusFile> files;
  for (fs::recursive_directory_iterator at(folder), end; at != end; ++at) {
    if (at->path().filename().string().starts_with('.')) {
      at.disable_recursion_pending();
    } else if (at->is_regular_file() && !describes_arrow_files(at->path())) {
      files.push_back(file_at(at->path(), at->path().lexically_relative(folder).string()));
    }
  }
  std::ranges::sort(files, {}, &CorpusFile::name);
  if (files.empty()) fail(Code::not_found, "{}: no files in this folder", folder.string());
  return files;
}

std::vector<CorpusFile> files_of(const std::string& path) {
  if (path == kStdin) return {{.path = path, .name = "stdin"}};
  if (!fs::exists(path)) fail(Code::not_found, "{}: no such file or folder", path);
  if (fs::is_directory(path)) return files_below(path);
  return {file_at(path, name_of_path(path))};
}

CorpusInput input_of(const std::string& text) {
  CorpusInput input;
  std::tie(input.name, input.path) = split_input(text);
  try {
    input.files = files_of(input.path);
    if (input.name.empty()) input.name = name_of_path(input.path);
  } catch (const fs::filesystem_error& error) {
    const std::string at = error.path1().empty() ? input.path : error.path1().string();
    fail(Code::environment, "{}: {}", at, error.code().message());
  }
  return input;
}

}  // namespace

std::vector<CorpusInput> list_inputs(const CorpusOptions& options) {
  if (options.inputs.empty()) fail(Code::invalid, "no corpus given: name a file, a folder, or -");
  std::vector<CorpusInput> inputs;
  std::set<std::string> names;
  size_t n_stdin = 0;
  for (const std::string& text : options.inputs) {
    const CorpusInput& input = inputs.emplace_back(input_of(text));
    if (input.path == kStdin && ++n_stdin > 1) fail(Code::invalid, "standard input is given twice");
    if (!names.insert(input.name).second) {
      fail(Code::invalid, "two inputs are named {}: write NAME={}", input.name, input.path);
    }
  }
  return inputs;
}

std::string corpus_fingerprint(const CorpusOptions& options) {
  // Each part ends in a byte that no name can have, so that no two lists give the same text.
  std::string text = fmt::format("{}{}{}{}{}{}", options.column, '\0', options.id_column, '\0',
                                 static_cast<int>(options.stdin_format), '\0');
  for (const CorpusInput& input : list_inputs(options)) {
    text += fmt::format("{}{}{}{}", input.name, '\0', input.files.size(), '\0');
    for (const CorpusFile& file : input.files) {
      text += fmt::format("{}{}{} {}{}", file.name, '\0', file.bytes, file.modified_ns, '\0');
    }
  }
  return sha256_of(text);
}

}  // namespace actogram
