#include "codec/json_text.h"

#include <algorithm>

namespace actogram {
namespace {

bool stands_for_itself(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

}  // namespace

JsonText& JsonText::add(std::string_view value) {
  if (!std::ranges::all_of(value, stands_for_itself)) return add(Json(value));
  separate();
  text_ += '"';
  text_ += value;
  text_ += '"';
  return *this;
}

JsonText& JsonText::members_of(const Json& object) {
  for (const auto& [name, value] : object.items()) key(name).add(value);
  return *this;
}

// A whole number keeps a decimal point, by which readers that tell them apart know a double.
JsonText& JsonText::add_double(double value) {
  separate();
  if (!std::isfinite(value)) {
    text_ += "null";
    return *this;
  }
  char digits[32];
  const char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  const std::string_view written(digits, static_cast<size_t>(end - digits));
  text_ += written;
  if (written.find_first_of(".e") == std::string_view::npos) text_ += ".0";
  return *this;
}

}  // namespace actogram
