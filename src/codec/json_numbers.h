// Lists of numbers in JSON, thousands at a time: the activations of a NeuronRecord.
//
//   list := '[' (number (',' number)*)? ']'     number := JSON's, null, NaN, Infinity, -Infinity
//
// The last three are no JSON, but Python writes them; null is how orjson writes all three, and is
// read as NaN. Numbers of up to 15 digits, which is nearly all, cost one multiplication a digit and
// one exact division.
#pragma once

#include <string_view>
#include <vector>

namespace actogram {

// Whether float32 holds what was read: by the digits alone (six significant ones always do), or
// perhaps.
enum class FloatDigits : uint8_t { enough, unknown };

// Appends the numbers of `list`, which may have white space around it. Error{corrupt}, with the
// number's place in the list, for anything else.
FloatDigits append_numbers(std::string_view list, std::vector<double>& numbers);

// One entry of such a list, which may have white space behind it.
FloatDigits append_number(std::string_view entry, std::vector<double>& numbers);

}  // namespace actogram
