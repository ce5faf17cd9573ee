// Counts as a row of bars, in eighths of a line.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace actogram {

// One column a count. Heights are logarithmic, since most values of most units are near
// zero; only 0 is blank, and `most` fills the line.
std::string bars(std::span<const uint64_t> counts, uint64_t most);

// The highest of `counts`, at least 1.
uint64_t highest(std::span<const uint64_t> counts);

}  // namespace actogram
