#include "codec/jsonl_repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <cassert>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>

#include "actogram/error.h"
#include "codec/utf8.h"

namespace actogram {
namespace {

constexpr uint32_t kFirstNoncharacter = 0xfdd0;
constexpr size_t kNumNoncharacters = 32;
constexpr size_t kEscapeBytes = 6;  // \uXXXX

// The number that a \uXXXX at `at` stands for.
std::optional<uint32_t> unicode_escape(std::string_view text, size_t at) {
  if (at + kEscapeBytes > text.size() || text.substr(at, 2) != "\\u") return std::nullopt;
  uint32_t code = 0;
  const char* const begin = text.data() + at + 2;
  const char* const end = begin + 4;
  const auto parsed = std::from_chars(begin, end, code, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return code;
}

bool is_high_surrogate(uint32_t code) { return code >= 0xd800 && code < 0xdc00; }
bool is_low_surrogate(uint32_t code) { return code >= 0xdc00 && code < 0xe000; }

// UTF-8's scheme for three bytes, also for surrogates.
std::string three_bytes(uint32_t code) {
  return {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
          static_cast<char>(0x80 | (code & 0x3f))};
}

// A noncharacter that neither stands in the line nor is escaped in it.
std::string unused_noncharacter(std::string_view line, const std::string& what) {
  std::bitset<kNumNoncharacters> used;
  for (size_t at = line.find("\\u"); at != line.npos; at = line.find("\\u", at + 1)) {
    const uint32_t index = unicode_escape(line, at).value_or(0) - kFirstNoncharacter;
    if (index < kNumNoncharacters) used.set(index);
  }
  for (uint32_t i = 0; i < kNumNoncharacters; ++i) {
    std::string candidate = three_bytes(kFirstNoncharacter + i);
    if (!used.test(i) && line.find(candidate) == line.npos) return candidate;
  }
  fail(Code::unsupported,
       "{}: not UTF-8, and uses all noncharacters, so that its bytes cannot be marked", what);
}

void append_marked(std::string& out, std::string_view marker, std::string_view bytes) {
  for (const char byte : bytes) {
    fmt::format_to(std::back_inserter(out), "{}{:02x}", marker, static_cast<uint8_t>(byte));
  }
}

// Appends valid UTF-8, with lone surrogate escapes marked. A run ends at a character's end, and a
// pair of escapes is ASCII, so no pair is torn between two runs but by a bad byte inside it.
void append_escapes_marked(std::string& out, std::string_view marker, std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t escape = std::min(text.find('\\', at), text.size());
    out += text.substr(at, escape - at);
    at = escape;
    if (at == text.size()) break;
    const uint32_t code = unicode_escape(text, at).value_or(0);
    const uint32_t after = unicode_escape(text, at + kEscapeBytes).value_or(0);
    size_t bytes = 2;  // the backslash and what it escapes, so that \\ud800 is not taken for one
    if (is_high_surrogate(code) && is_low_surrogate(after)) {
      bytes = 2 * kEscapeBytes;
    } else if (is_high_surrogate(code) || is_low_surrogate(code)) {
      append_marked(out, marker, three_bytes(code));
      at += kEscapeBytes;
      continue;
    }
    out += text.substr(at, bytes);
    at += std::min(bytes, text.size() - at);
  }
}

}  // namespace

RepairedLine mark_bad_bytes(std::string_view line, const std::string& what) {
  RepairedLine repaired{.text = {}, .marker = unused_noncharacter(line, what)};
  repaired.text.reserve(line.size());
  for (Utf8Run run = next_run(line, 0); run.begin < run.end; run = next_run(line, run.end)) {
    const std::string_view part = line.substr(run.begin, run.end - run.begin);
    if (run.valid) {
      append_escapes_marked(repaired.text, repaired.marker, part);
    } else {
      append_marked(repaired.text, repaired.marker, part);
    }
  }
  return repaired;
}

std::string restore_bytes(std::string_view parsed, std::string_view marker) {
  std::string out;
  out.reserve(parsed.size());
  size_t at = 0;
  for (size_t found = parsed.find(marker); found != parsed.npos; found = parsed.find(marker, at)) {
    assert(found + marker.size() + 2 <= parsed.size());  // mark_bad_bytes() wrote the digits
    out += parsed.substr(at, found - at);
    const char* const digits = parsed.data() + found + marker.size();
    uint8_t byte = 0;
    std::from_chars(digits, digits + 2, byte, 16);
    out += static_cast<char>(byte);
    at = found + marker.size() + 2;
  }
  out += parsed.substr(at);
  return out;
}

}  // namespace actogram
