#include "formats/export_folder.h"

#include <filesystem>

#include "base/file.h"

namespace actogram {

ExportReport write_export(const std::string& folder,
                          const std::function<ExportReport(const std::string& in)>& write) {
  if (std::filesystem::exists(folder)) {
    fail(Code::exists, "{}: exists already; choose another name", folder);
  }
  const std::string partial = folder + ".partial";
  remove_tree(partial);
  std::filesystem::create_directories(partial);
  ExportReport report;
  try {
    report = write(partial);
  } catch (...) {
    remove_tree(partial);
    throw;
  }
  rename_durably(partial, folder);
  report.folder = folder;
  return report;
}

}  // namespace actogram
