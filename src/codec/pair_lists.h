// Lists of pairs of a number and a value, as JSON: one list an item, for example
//
//   [[[192, 0.25], [7, 1.5]], [], [[3, 2.0]]]
//
// Read without a tree of JSON values in between: there may be millions of pairs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actogram {

struct PairLists {
  std::vector<int64_t> offsets{0};  // [list + 1]: list i has the pairs [offsets[i], offsets[i + 1])
  std::vector<uint32_t> numbers;
  std::vector<double> values;

  size_t size() const { return offsets.size() - 1; }
  bool operator==(const PairLists&) const = default;
};

// Error{corrupt} for anything else; `what` names the text there. A number is an integer from 0 to
// 2^32 - 1, a value any number of JSON.
PairLists parse_pair_lists(std::string_view json, const std::string& what);

// One list: "[[192, 0.25], [7, 1.5]]". A value that is read again is the same double; Python would
// write it with the same digits.
void append_json(std::span<const uint32_t> numbers, std::span<const double> values,
                 std::string& out);

}  // namespace actogram
