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
// Likewise of each byte that does not stand for itself.
uint64_t escaped(uint64_t bytes) {
  const uint64_t controls = (bytes - kEach * 0x20) & ~bytes & kEach * 0x80;
  return controls | zeros(bytes ^ kEach * '"') | zeros(bytes ^ kEach * '\\');
}

constexpr size_t kMostEscaped = 6;  // bytes that one becomes

char* write_escaped(char c, char* to) {
  *to++ = '\\';
  *to++ = escape_of(c);
  if (escape_of(c) != 'u') return to;
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<uint8_t>(c);
  return std::ranges::copy(std::array{'0', '0', kDigits[byte >> 4], kDigits[byte & 15]}, to).out;
}

// `text` as it stands within a string; eight bytes are looked at together and copied. Requires:
// room for kMostEscaped times as many, and eight. Returns the end.
char* write_within_string(std::string_view text, char* to) {
  static_assert(std::endian::native == std::endian::little);
  for (uint64_t eight = 0; text.size() >= sizeof(eight);) {
    std::memcpy(&eight, text.data(), sizeof(eight));
    std::memcpy(to, &eight, sizeof(eight));
    const auto n_plain = static_cast<size_t>(std::countr_zero(escaped(eight))) / 8;
    to += n_plain;
    text.remove_prefix(n_plain);
    if (n_plain == sizeof(eight)) continue;
    to = write_escaped(text.front(), to);
    text.remove_prefix(1);
  }
  for (const char c : text) {
    if (escape_of(c) == 0) {
      *to++ = c;
    } else {
      to = write_escaped(c, to);
    }
  }
  return to;
}

}  // namespace

JsonText& JsonText::add(std::string_view value) {
  if (!is_utf8(value)) return add(Json(value));  // which replaces what is not
  constexpr size_t kAtOnce = 1024;
  char* at = next(1);
  *at++ = '"';
  written_to(at);
  for (size_t i = 0; i < value.size(); i += kAtOnce) {
    const std::string_view part = value.substr(i, kAtOnce);
    written_to(write_within_string(part, room(part.size() * kMostEscaped + sizeof(uint64_t))));
  }
  return close('"');
}

JsonText& JsonText::add_base64(std::span<const std::byte> bytes) {
  static_assert(std::endian::native == std::endian::little);
  char* at = next(base64_room(bytes.size()) + 2);
  *at++ = '"';
  at = write_base64(bytes, at);
  *at++ = '"';
  return written_to(at);
}

JsonText& JsonText::members_of(const Json& object) {
  for (const auto& [name, value] : object.items()) key(name).add(value);
  return *this;
}

// A whole number keeps a decimal point, by which readers that tell them apart know a double.
JsonText& JsonText::add_double(double value) {
  if (!std::isfinite(value)) return null();
  constexpr size_t kMost = 32;
  char* const begin = next(kMost);
  char* end = std::to_chars(begin, begin + kMost, value).ptr;
  const std::string_view digits(begin, static_cast<size_t>(end - begin));
  if (digits.find_first_of(".e") == std::string_view::npos) {
    *end++ = '.';
    *end++ = '0';
  }
  return written_to(end);
}

}  // namespace actogram
