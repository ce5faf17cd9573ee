#include "explain/prompt_text.h"

#include <fmt/format.h>

#include "codec/utf8.h"

namespace actogram {
namespace {

bool is_mark(std::string_view text, size_t at) {
  const bool first = at == 0, last = at + 1 == text.size();
  if (text[at] == '<') {
    constexpr std::string_view kHarmless = " 0123456789=";
    return last || kHarmless.find(text[at + 1]) == kHarmless.npos;
  }
  return first || last || text[at - 1] == '>' || text[at + 1] == '>';
}

// Of the characters of more than one byte: C1 controls, the line and paragraph separators, and what
// turns the direction of the text around it (Unicode 15, UAX #9). 0 where it stays.
uint32_t escaped_code_point(std::string_view character) {
  if (character.size() == 2 && character[0] == '\xc2') {
    const auto code = static_cast<unsigned char>(character[1]);
    return code < 0xa0 ? code : 0;
  }
  if (character.size() != 3 || character[0] != '\xe2') return 0;
  const uint32_t code = 0x2000u | (static_cast<unsigned char>(character[1]) & 0x3fu) << 6 |
                        (static_cast<unsigned char>(character[2]) & 0x3fu);
  const bool separates = code >= 0x2028 && code <= 0x2029;
  const bool turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
                     code == 0x200e || code == 0x200f;
  return separates || turns ? code : 0;
}

void append_ascii(std::string& out, std::string_view text, size_t at) {
  const char c = text[at];
  switch (c) {
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto code = static_cast<unsigned char>(c);
  const bool mark = (c == '<' || c == '>') && is_mark(text, at);
  if (code < 0x20 || code == 0x7f || mark) {
    out += fmt::format("\\u{:04x}", code);
  } else {
    out += c;
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = character_bytes(text, at);
    if (bytes <= 1) {
      append_ascii(out, text, at++);
      continue;
    }
    const std::string_view character = text.substr(at, bytes);
    const uint32_t code = escaped_code_point(character);
    out += code == 0 ? std::string(character) : fmt::format("\\u{:04x}", code);
    at += bytes;
  }
  return out;
}

}  // namespace actogram
