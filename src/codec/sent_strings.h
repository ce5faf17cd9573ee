// The body of a request: what a client of the HTTP interface sends is a JSON object of strings.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace actogram {

using SentStrings = std::map<std::string, std::string, std::less<>>;

// Of an object whose members are among `names` and strings; one that is not sent is not there.
// Error{invalid} says what is wrong: a visitor's mistake is not a damaged file.
SentStrings parse_sent_strings(std::string_view body, std::span<const std::string_view> names);

}  // namespace actogram
