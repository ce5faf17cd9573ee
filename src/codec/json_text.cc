#include "codec/json_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/base64.h"
#include "codec/utf8.h"

namespace actogram {
namespace {

// What a character becomes within a string: 0 where it stands for itself, the letter after a
// backslash, or 'u' for four hexadecimal digits.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  for (size_t control = 0; control < 0x20; ++control) escapes[control] = 'u';
  for (const auto& [byte, letter] : {std::pair{'"', '"'},
                                     {'\\', '\\'},
                                     {'\b', 'b'},
                                     {'\f', 'f'},
                                     {'\n', 'n'},
                                     {'\r', 'r'},
                                     {'\t', 't'}}) {
    escapes[static_cast<uint8_t>(byte)] = letter;
  }
  return escapes;
}();

char escape_of(char c) { return kEscapes[static_cast<uint8_t>(c)]; }

constexpr uint64_t kEach = 0x0101010101010101;
// The high bit of each byte that is 0, and perhaps of the bytes above one that is.
uint64_t zeros(uint64_t bytes) { return (bytes - kEach) & ~bytes & kEach * 0x80; }

// How many bytes stand for themselves: eight looked at together, then one by one.
size_t plain_bytes(std::string_view text) {
  size_t n = 0;
  for (uint64_t eight = 0; n + sizeof(eight) <= text.size(); n += sizeof(eight)) {
    std::memcpy(&eight, text.data() + n, sizeof(eight));
    const uint64_t controls = (eight - kEach * 0x20) & ~eight & kEach * 0x80;
    if ((controls | zeros(eight ^ kEach * '"') | zeros(eight ^ kEach * '\\')) != 0) break;
  }
  while (n < text.size() && escape_of(text[n]) == 0) ++n;
  return n;
}

}  // namespace

JsonText& JsonText::long_key(std::string_view name) {
  separate();
  text_ += '"';
  text_ += name;
  text_ += "\":";
  return *this;
}

JsonText& JsonText::add(std::string_view value) {
  if (!is_utf8(value)) return add(Json(value));  // which replaces what is not
  separate();
  text_ += '"';
  while (true) {
    const size_t n = plain_bytes(value);
    text_ += value.substr(0, n);
    if (n == value.size()) break;
    text_ += '\\';
    text_ += escape_of(value[n]);
    if (escape_of(value[n]) == 'u') {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto byte = static_cast<uint8_t>(value[n]);
      text_ += {'0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    value.remove_prefix(n + 1);
  }
  text_ += '"';
  return *this;
}

JsonText& JsonText::add_base64(std::span<const std::byte> bytes) {
  static_assert(std::endian::native == std::endian::little);
  separate();
  text_ += '"';
  append_base64(bytes, text_);
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
