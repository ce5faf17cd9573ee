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

}  // namespace

// "[json.exception.parse_error.101] parse error at line 1, column 2: WHAT", or without the middle.
std::string_view reason(const Json::exception& error) {
  std::string_view text = error.what();
  const auto cut_after = [&text](std::string_view mark) {
    const size_t at = text.find(mark);
    if (at != text.npos) text.remove_prefix(at + mark.size());
  };
  cut_after("] ");
  if (text.starts_with("parse error at")) cut_after(": ");
  return text;
}

Json parse_json(std::string_view text, const std::string& what) {
  if (nesting_depth(text) > kMaxJsonDepth) {
    fail(Code::corrupt, "{}: JSON nests deeper than {} levels", what, kMaxJsonDepth);
  }
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    fail(Code::corrupt, "{}: not JSON at byte {}: {}", what, error.byte, reason(error));
  } catch (const Json::exception& error) {
    fail(Code::corrupt, "{}: {}", what, reason(error));
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
