// Units by their numbers: those of a site, a layer, a kind, a class of weights or a range of a
// column, sorted. One pass over the summaries, which are read in place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/unit_columns.h"

namespace actogram {

class Recording;

// Neurons and latents have a value at each token, heads one for each pair of them.
enum class UnitKind : uint8_t { any, neurons, heads, latents, of_tokens };
enum class UnitOrder : uint8_t { highest, lowest };

struct UnitListQuestion {
  size_t column = 0;  // of kUnitColumns
  UnitOrder order = UnitOrder::highest;
  UnitKind kind = UnitKind::any;
  std::string_view site = {};          // as people type it; "": all
  std::optional<uint32_t> layer = {};  // none: all
  std::string_view rw_class = {};      // "": all
  std::optional<double> least = {}, most = {};
  size_t first = 0;
  size_t limit = 50;
};

class UnitLists {
 public:
  explicit UnitLists(const Recording& recording);  // which outlives it

  // The `limit` units from the `first` on, and how many there are. Equals stay in the order of the
  // sites; where the column is NaN a unit is listed only if no range is asked for, and last.
  std::string json(const UnitListQuestion& question) const;
  // The same units by their names, without those whose column is NaN.
  std::vector<UnitAddress> units(const UnitListQuestion& question) const;

 private:
  struct Listed;
  struct Found;
  Found find(const UnitListQuestion& question) const;

  const Recording& recording_;
};

}  // namespace actogram
