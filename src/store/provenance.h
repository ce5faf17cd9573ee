// Who made a recording, with what, on what.
#pragma once

#include <string>
#include <vector>

#include "codec/json.h"

namespace actogram {

inline constexpr const char* kProgram = "actogram 0.1.0";

// program, command, machine's SIMD class, date of writing.
Json provenance(const std::vector<std::string>& command);

// The width that decides the last bits of a model's values: "avx512", "avx2", "sse2", "neon".
std::string simd_class();

}  // namespace actogram
