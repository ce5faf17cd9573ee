// How long work tells its caller where it is. The caller decides whether that becomes a bar, a log
// line or nothing; it may throw to stop the work.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace actogram {

struct Progress {
  std::string_view phase;      // "reading the corpus", "recording"
  uint64_t done = 0;           // in `unit`s
  uint64_t total = 0;          // 0 where nobody knows
  uint64_t done_before = 0;    // what an earlier, stopped run had done: not for the speed
  std::string_view unit;       // "tokens", "units"
  std::string_view note = {};  // what else there is to tell, for example "FVU 0.31"
};

using ProgressFn = std::function<void(const Progress&)>;

}  // namespace actogram
