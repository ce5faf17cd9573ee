// What an export has written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace actogram {

struct ExportReport {
  std::string folder{};
  uint64_t n_rows = 0;
  uint64_t n_bytes = 0;
  std::vector<std::string> remarks{};  // for people: what was left out, or the format cannot tell
};

std::string to_json_text(const ExportReport& report);

}  // namespace actogram
