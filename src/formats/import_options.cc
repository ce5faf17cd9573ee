#include "formats/import_options.h"

namespace actogram {

std::string to_json_text(const ImportReport& report, const std::string& output) {
  Json json = {{"recording", output}, {"n_units", report.n_units}, {"n_bytes", report.n_bytes}};
  json.update(report.details);
  return to_text(json);
}

}  // namespace actogram
