#include "cli/bars.h"

#include <algorithm>
#include <cmath>

namespace actogram {

uint64_t highest(std::span<const uint64_t> counts) {
  uint64_t most = 1;
  for (const uint64_t count : counts) most = std::max(most, count);
  return most;
}

std::string bars(std::span<const uint64_t> counts, uint64_t most) {
  constexpr const char* kBars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (const uint64_t count : counts) {
    const double height =
        std::log1p(static_cast<double>(count)) / std::log1p(static_cast<double>(most));
    text += kBars[count == 0 ? 0 : std::max(1, static_cast<int>(std::lround(8 * height)))];
  }
  return text;
}

}  // namespace actogram
