// Short texts about a recording for the terminal: what is inside, and whether it is sound.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"

namespace actogram {

// Label and text, in the order to show them.
using Facts = std::vector<std::pair<std::string, std::string>>;
Facts facts_of(const std::string& recording);

struct CheckResult {
  std::vector<std::string> problems;  // empty if the recording is sound
  std::string summary;                // "6 files, 1.2 GB, 46080 units, 6912000 peaks"
};
CheckResult check(const std::string& recording, const ProgressFn& progress);
std::string to_json_text(const CheckResult& result);

std::string readable_bytes(uint64_t n);  // "1.2 GB"
std::string readable_count(uint64_t n);  // "46,080"

}  // namespace actogram
