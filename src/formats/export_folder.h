// The folder of an export appears at its name only when it is whole: it is written beside it, and
// renamed.
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

}  // namespace actogram
