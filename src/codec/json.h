// JSON as the rest of actogram sees it: one value type, one way in, one way out.
//
// Json keeps the order of its members, so that manifests and pages read as they were written. A
// member is found by going through its object, so do not keep a vocabulary in one.
//
// Text from outside is a claim: parse_json() refuses what is not JSON, what nests deeper than
// kMaxJsonDepth (writing and comparing recurse), and numbers that no double holds. field() refuses
// a member that is missing or has another type, where the library itself would convert silently.
// All of them throw Error{corrupt}; no exception of the library leaves this folder.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "actogram/error.h"

namespace actogram {

using Json = nlohmann::ordered_json;

inline constexpr int kMaxJsonDepth = 512;

// `what` names the text in an error: a file, "file.jsonl:17", "body of POST /api/notes".
Json parse_json(std::string_view text, const std::string& what);

// What is wrong, without the library's own numbers.
std::string_view reason(const Json::exception& error);

// One line. A double comes back as the same double, and so does a float stored in one; NaN and
// infinity become null; bytes that are not UTF-8 become U+FFFD. Never throws for a value's sake.
std::string to_text(const Json& value);

// The same for people: indented by two spaces, with a line end.
std::string to_pretty_text(const Json& value);

// The member `key` of `object`; Error{corrupt} where there is none, or `object` is not an object.
const Json& member(const Json& object, std::string_view key, const std::string& what);

[[noreturn]] void fail_type(const Json& found, std::string_view expected, std::string_view key,
                            const std::string& what);

// The member `key` as a T: bool, an integer (checked for range), float, double or std::string.
template <typename T>
T field(const Json& object, std::string_view key, const std::string& what) {
  const Json& value = member(object, key, what);
  if constexpr (std::same_as<T, bool>) {
    if (!value.is_boolean()) fail_type(value, "true or false", key, what);
  } else if constexpr (std::integral<T>) {
    if (!value.is_number_integer()) fail_type(value, "an integer", key, what);
    const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.template get<uint64_t>())
                                                 : std::in_range<T>(value.template get<int64_t>());
    if (!fits) fail_type(value, "an integer in range", key, what);
  } else if constexpr (std::floating_point<T>) {
    // to_text() writes NaN as null, so null is a number here.
    if (value.is_null()) return std::numeric_limits<T>::quiet_NaN();
    if (!value.is_number()) fail_type(value, "a number", key, what);
  } else {
    static_assert(std::same_as<T, std::string>);
    if (!value.is_string()) fail_type(value, "a string", key, what);
  }
  return value.template get<T>();
}

}  // namespace actogram
