// Explanations as the server shows them, the JSON of docs/api.md: a unit's with everything that
// their scores say, and those that are found by their words. Unlike explanation_list.h, without
// what was asked and the excerpts that were judged.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "actogram/types.h"

namespace actogram {

// Also what was tried and failed. Both empty where nothing was explained yet.
std::string unit_explanations_json(const std::string& recording, const UnitAddress& unit);

// Those that have all words of `text`, best first: up to `limit`, and how many there are.
// Error{invalid} where `text` has no word.
std::string found_explanations_json(const std::string& recording, std::string_view text,
                                    size_t limit);

}  // namespace actogram
