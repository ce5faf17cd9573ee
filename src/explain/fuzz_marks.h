// Which tokens of an excerpt are marked for fuzzing: those where the unit is active, or as many
// others (as in Delphi, whose threshold this is).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explain/judged_sample.h"

namespace actogram {

inline constexpr float kMarkedFrom = 0.3f;  // of the excerpt's maximum; what is above is marked

// One flag a token; nothing where the maximum is not above 0.
std::vector<bool> right_marks(const UnitExcerpt& excerpt);

// Of the tokens that are not above the threshold, `n` drawn by a hash, or all if they are fewer.
std::vector<bool> wrong_marks(uint64_t unit_key, const UnitExcerpt& excerpt, uint32_t n);

// The mean number of right marks of the active, rounded up.
uint32_t mean_right_marks(std::span<const JudgedExcerpt> sample);

}  // namespace actogram
