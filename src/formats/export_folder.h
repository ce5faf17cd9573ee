// The folder or file of an export appears at its name only when it is whole: it is written beside
// it, and renamed.
#pragma once

#include <functional>
#include <string>

#include "formats/export_report.h"

namespace actogram {

// Calls `write` with an empty folder, which becomes `folder`; where it throws, nothing is left.
// Error{exists} if there is something at that name. Gives what `write` does, with the folder's
// name.
ExportReport write_export(const std::string& folder,
                          const std::function<ExportReport(const std::string& in)>& write);

// The same with a file, which `write` makes.
ExportReport write_export_file(const std::string& file,
                               const std::function<ExportReport(const std::string& at)>& write);

// A file of such a folder, not synced: a tree of 300,000 synced one by one would take hours.
void write_plain_file(const std::string& path, const std::string& bytes);

}  // namespace actogram
