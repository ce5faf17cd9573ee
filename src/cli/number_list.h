// "0-5,12" as numbers.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace actogram {

// Ascending, each once; empty for "". Error{invalid} with an example otherwise.
std::vector<uint32_t> parse_number_list(std::string_view text);

}  // namespace actogram
