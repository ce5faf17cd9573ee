// A unit's values as language models are shown them: levels from 0 to 10, as Bills et al. 2023
// (openaipublic.blob.core.windows.net/neuron-explainer) published them.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace actogram {

inline constexpr int kMostLevel = 10;

// nullopt where the value is not known (NaN).
using Level = std::optional<int>;

// min(10, floor(10 max(value, 0) / highest)), and 0 where `highest` is not above 0: so 10 is the
// highest value alone, and what is negative is 0.
Level level_of(float value, float highest);
std::vector<Level> levels_of(std::span<const float> values, float highest);

}  // namespace actogram
