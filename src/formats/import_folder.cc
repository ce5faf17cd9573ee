#include "formats/import_folder.h"

#include <filesystem>

#include "base/hash.h"
#include "store/work_folder.h"

namespace actogram {

Json hashed_files(const std::vector<std::string>& paths, const std::string& folder,
                  const ProgressFn& progress) {
  Json files = Json::array();
  for (const std::string& path : paths) {
    progress({"hashing the files", files.size(), paths.size(), 0, "files"});
    const auto name = std::filesystem::path(path).lexically_relative(folder);
    files.push_back({{"name", name.string()},
                     {"bytes", std::filesystem::file_size(path)},
                     {"sha256", sha256_of_file(path)}});
  }
  return files;
}

Manifest write_import(const std::string& output, const Json& identity,
                      const std::vector<std::string>& command,
                      const std::function<Manifest(const std::string& in)>& write) {
  WorkFolder work(output, identity, command);
  Manifest manifest;
  try {
    manifest = write(work.path());
  } catch (...) {
    work.discard();
    throw;
  }
  work.finish(manifest);
  return manifest;
}

}  // namespace actogram
