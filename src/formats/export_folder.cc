#include "formats/export_folder.h"

#include <filesystem>
#include <fstream>

#include "base/file.h"

namespace actogram {

ExportReport write_export_file(const std::string& file,
                               const std::function<ExportReport(const std::string& at)>& write) {
  if (std::filesystem::exists(file)) {
    fail(Code::exists, "{}: exists already; choose another name", file);
  }
  const std::string partial = file + ".partial";
  remove_tree(partial);
  ExportReport report;
  try {
    report = write(partial);
  } catch (...) {
    remove_tree(partial);
    throw;
  }
  rename_durably(partial, file);
  report.folder = file;
  return report;
}

ExportReport write_export(const std::string& folder,
                          const std::function<ExportReport(const std::string& in)>& write) {
  return write_export_file(folder, [&](const std::string& partial) {
    std::filesystem::create_directories(partial);
    return write(partial);
  });
}

void write_plain_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) fail(Code::environment, "{}: cannot be written: is the disk full?", path);
}

}  // namespace actogram
