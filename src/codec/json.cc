#include "codec/json.h"

#include <algorithm>

namespace actogram {
namespace {

constexpr auto kReplace = Json::error_handler_t::replace;

// Counts brackets outside strings. Text that is not JSON may be miscounted; it fails either way.
int nesting_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: WHAT": the WHAT.
std::string_view reason(std::string_view text) {
  const size_t colon = text.find(": ");
  return colon == text.npos ? text : text.substr(colon + 2);
}

}  // namespace

Json parse_json(std::string_view text, const std::string& what) {
  if (nesting_depth(text) > kMaxJsonDepth) {
    fail(Code::corrupt, "{}: JSON nests deeper than {} levels", what, kMaxJsonDepth);
  }
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    fail(Code::corrupt, "{}: not JSON at byte {}: {}", what, error.byte, reason(error.what()));
  } catch (const Json::exception& error) {
    fail(Code::corrupt, "{}: {}", what, error.what());
  }
}

std::string to_text(const Json& value) { return value.dump(-1, ' ', false, kReplace); }

std::string to_pretty_text(const Json& value) { return value.dump(2, ' ', false, kReplace) + '\n'; }

const Json& member(const Json& object, std::string_view key, const std::string& what) {
  if (!object.is_object()) {
    fail(Code::corrupt, "{}: expected an object with `{}`, found {}", what, key,
         object.type_name());
  }
  const auto found = object.find(key);
  if (found == object.end()) fail(Code::corrupt, "{}: `{}` is missing", what, key);
  return *found;
}

void fail_type(const Json& found, std::string_view expected, std::string_view key,
               const std::string& what) {
  constexpr size_t kShown = 60;
  std::string text = to_text(found);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  fail(Code::corrupt, "{}: `{}`: expected {}, found {}", what, key, expected, text);
}

}  // namespace actogram
