#include "codec/sent_strings.h"

#include <algorithm>

#include "codec/json.h"

namespace actogram {
namespace {

const std::string kWhat = "the request's body";

Json parsed(std::string_view body) {
  try {
    return parse_json(body, kWhat);
  } catch (const Error& error) {
    fail(Code::invalid, "{}", error.what());
  }
}

}  // namespace

SentStrings parse_sent_strings(std::string_view body, std::span<const std::string_view> names) {
  const Json sent = parsed(body);
  if (!sent.is_object()) {
    fail(Code::invalid, "{}: expected an object with {}", kWhat, fmt::join(names, ", "));
  }
  SentStrings strings;
  for (const auto& [name, value] : sent.items()) {
    if (std::ranges::find(names, name) == names.end()) {
      fail(Code::invalid, "{}: there is no member '{}' here; there are: {}", kWhat, name,
           fmt::join(names, ", "));
    }
    if (!value.is_string()) {
      fail(Code::invalid, "{}: '{}' is no string, but {}", kWhat, name, value.type_name());
    }
    strings[name] = value.get<std::string>();
  }
  return strings;
}

}  // namespace actogram
