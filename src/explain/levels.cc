#include "explain/levels.h"

#include <algorithm>
#include <cmath>

namespace actogram {

Level level_of(float value, float highest) {
  if (std::isnan(value)) return std::nullopt;
  if (value <= 0 || !(highest > 0)) return 0;
  const double share = kMostLevel * double{value} / double{highest};
  return static_cast<int>(std::min(std::floor(share), double{kMostLevel}));
}

std::vector<Level> levels_of(std::span<const float> values, float highest) {
  std::vector<Level> levels;
  levels.reserve(values.size());
  for (const float value : values) levels.push_back(level_of(value, highest));
  return levels;
}

}  // namespace actogram
