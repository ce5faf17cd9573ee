// The units that a person names, and their excerpts as explainers want them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "explain/run.h"
#include "query/unit_texts.h"

namespace actogram {

// Each of `words` is an address ("12.mlp/345"), a range of one site ("12.mlp/0-99") or a file of
// such words, one a line. Each unit once, in the order of its first naming.
std::vector<UnitAddress> parse_units(std::span<const std::string> words, const UnitTexts& texts);

// Requires: `texts` outlives what is returned.
ExcerptsOfUnit excerpts_from(const UnitTexts& texts);

}  // namespace actogram
