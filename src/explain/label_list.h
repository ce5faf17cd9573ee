// Labels and notes that people write of units, as the JSON of docs/api.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "actogram/types.h"

namespace actogram {

std::string label_json(const std::string& recording, const UnitAddress& unit);

// Up to `limit`, and how many there are: all, or with `text` those with all of its words.
std::string labels_json(const std::string& recording, std::string_view text, size_t limit);

// Keeps what a visitor sent, {"label": "...", "note": "..."}, and returns label_json(). A member
// that is not sent stays as it is; two empty ones leave nothing. Error{invalid} where a label is
// longer than 200 bytes or has several lines, or a note is longer than 16 KiB.
std::string set_label(const std::string& recording, const UnitAddress& unit, std::string_view body);

}  // namespace actogram
