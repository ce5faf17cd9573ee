// What units are compared, mapped and sorted by: one number for each, from its summary.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "actogram/types.h"

namespace actogram {

struct UnitColumn {
  std::string_view name;
  double (*value_of)(const Summary& summary);  // NaN where it is not known
};

// To add one: a row here, its meaning in docs/api.md, its title in web/src/metrics.ts.
inline constexpr std::array<UnitColumn, 7> kUnitColumns = {{
    {"positive_share",
     [](const Summary& s) {
       return static_cast<double>(s.n_positive) / static_cast<double>(s.count);
     }},
    {"max", [](const Summary& s) { return s.count > 0 ? double{s.max} : std::nan(""); }},
    {"min", [](const Summary& s) { return s.count > 0 ? double{s.min} : std::nan(""); }},
    {"mean", [](const Summary& s) { return s.mean; }},
    {"std", [](const Summary& s) { return std::sqrt(s.variance); }},
    {"skewness", [](const Summary& s) { return s.skewness; }},
    {"kurtosis", [](const Summary& s) { return s.kurtosis; }},
}};

// Its place in the table. Requires: there is such a column.
constexpr size_t unit_column(std::string_view name) {
  size_t column = 0;
  while (kUnitColumns.at(column).name != name) ++column;
  return column;
}

}  // namespace actogram
