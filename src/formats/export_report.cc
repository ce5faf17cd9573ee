#include "formats/export_report.h"

#include "codec/json.h"

namespace actogram {

std::string to_json_text(const ExportReport& report) {
  return to_text(
      Json{{"folder", report.folder}, {"n_rows", report.n_rows}, {"n_bytes", report.n_bytes}});
}

}  // namespace actogram
