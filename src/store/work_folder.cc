#include "store/work_folder.h"

#include <filesystem>

#include "store/layout.h"

namespace actogram {
namespace fs = std::filesystem;

void check_recording_name(const std::string& recording) {
  if (fs::path(recording).extension() != ".acto") {
    fail(Code::invalid, "{}: the name of a recording ends in .acto", recording);
  }
  check_free(recording);
}

void check_free(const std::string& output) {
  if (fs::exists(output)) {
    fail(Code::exists, "{}: exists already; choose another name or remove it", output);
  }
}

namespace {

constexpr const char* kCommandFile = "command.json";

std::string make_folder(const std::string& recording) {
  check_free(recording);
  std::string path = recording + ".partial";
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(Code::environment, "{}: cannot create: {}", path, error.message());
  return path;
}

}  // namespace

WorkFolder::WorkFolder(const std::string& recording, const Json& identity,
                       const std::vector<std::string>& command)
    : recording_(recording), path_(make_folder(recording)), lock_(file("lock"), recording) {
  const std::string stopped = file(kCommandFile);
  if (!fs::exists(stopped)) {
    write_file_atomically(stopped,
                          to_pretty_text(Json{{"command", command}, {"identity", identity}}));
    return;
  }
  const Json found = parse_json(read_file(stopped), stopped);
  if (member(found, "identity", stopped) != identity) {
    fail(Code::exists,
         "{}: something else was stopped here; finish it with the command in {}, or "
         "remove the folder",
         path_, stopped);
  }
  resumed_ = true;
}

// The command goes last: with it, whoever comes after a stop knows whose manifest it is.
void WorkFolder::finish(const Manifest& manifest) {
  write_file_atomically(file(kManifestFile), to_text(manifest));
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    const bool stays = name == kManifestFile || name == kCommandFile;
    if (!stays && !manifest.files.contains(name)) fs::remove(entry.path());
  }
  fs::remove(file(kCommandFile));
  rename_durably(path_, recording_);
}

std::optional<Manifest> WorkFolder::committed() const {
  const std::string manifest = file(kManifestFile);
  if (!resumed_ || !fs::exists(manifest)) return std::nullopt;
  return parse_manifest(read_file(manifest), manifest);
}

void WorkFolder::finish_with(const std::string& name) {
  rename_durably(file(name), recording_);
  remove_tree(path_);
}

}  // namespace actogram
