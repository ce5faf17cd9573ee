// Lists of numbers in JSON, thousands at a time: the activations of a NeuronRecord.
//
//   list := '[' (number (',' number)*)? ']'     number := JSON's, null, NaN, Infinity, -Infinity
//
// The last three are no JSON, but Python writes them; null is how orjson writes all three, and is
// read as NaN. Numbers of up to 15 digits, which is nearly all, cost one multiplication a digit and
// one exact division.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/decimal_digits.h"
#include "codec/shortest_float.h"

namespace actogram {

// Whether float32 holds what was read, as far as the digits tell: all have six significant ones at
// most, which it always does; all are the shortest text of some float32; or perhaps.
enum class FloatDigits : uint8_t { enough, shortest, unknown };

inline FloatDigits digits_of(const Decimal& decimal) {
  constexpr uint64_t kAlwaysHeld = 999'999;
  if (decimal.digits <= kAlwaysHeld) return FloatDigits::enough;
  return surely_shortest_float(decimal) ? FloatDigits::shortest : FloatDigits::unknown;
}

// Appends the numbers of `list`, which may have white space around it. Error{corrupt}, with the
// number's place in the list, for anything else.
FloatDigits append_numbers(std::string_view list, std::vector<double>& numbers);

// One entry of such a list, which may have white space behind it.
FloatDigits append_number(std::string_view entry, std::vector<double>& numbers);

}  // namespace actogram
