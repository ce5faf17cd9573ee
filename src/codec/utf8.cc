#include "codec/utf8.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <iterator>

namespace actogram {
namespace {

constexpr size_t kMaxCharacterBytes = 4;

uint8_t byte_at(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

// The rows of table 3-7: what the second byte may be after each lead byte; all later bytes are
// 80..BF.
struct Row {
  size_t bytes = 0;  // of the character, 0 for a byte that leads none
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xbf;
};

Row row_of(uint8_t lead) {
  if (lead < 0x80) return {.bytes = 1};
  if (lead < 0xc2) return {};
  if (lead < 0xe0) return {.bytes = 2};
  if (lead == 0xe0) return {.bytes = 3, .second_min = 0xa0};
  if (lead == 0xed) return {.bytes = 3, .second_max = 0x9f};
  if (lead < 0xf0) return {.bytes = 3};
  if (lead == 0xf0) return {.bytes = 4, .second_min = 0x90};
  if (lead < 0xf4) return {.bytes = 4};
  if (lead == 0xf4) return {.bytes = 4, .second_max = 0x8f};
  return {};
}

// Most text is ASCII: eight bytes at a time, as far as none has its high bit set.
size_t skip_ascii(std::string_view text, size_t at) {
  uint64_t word = 0;
  while (at + sizeof(word) <= text.size()) {
    memcpy(&word, text.data() + at, sizeof(word));
    if ((word & 0x8080808080808080u) != 0) break;
    at += sizeof(word);
  }
  return at;
}

// The first invalid byte at or after `at`, the start of a character or an invalid byte.
size_t invalid_from(std::string_view text, size_t at) {
  for (;;) {
    at = skip_ascii(text, at);
    const size_t bytes = character_bytes(text, at);
    if (bytes == 0) return at;
    at += bytes;
  }
}

}  // namespace

size_t character_bytes(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  const Row row = row_of(byte_at(text, at));
  if (row.bytes < 2) return row.bytes;
  if (row.bytes > text.size() - at) return 0;
  const uint8_t second = byte_at(text, at + 1);
  if (second < row.second_min || second > row.second_max) return 0;
  for (size_t i = 2; i < row.bytes; ++i) {
    if ((byte_at(text, at + i) & 0xc0) != 0x80) return 0;
  }
  return row.bytes;
}

size_t character_start(std::string_view text, size_t at) {
  // A lead byte is never a continuation byte, so a character that holds `at` is found by trying
  // each place it could start; where it starts there, no other character can overlap it.
  for (size_t back = 1; back < kMaxCharacterBytes && back <= at && at < text.size(); ++back) {
    if ((byte_at(text, at - back + 1) & 0xc0) != 0x80) break;
    if (character_bytes(text, at - back) > back) return at - back;
  }
  return at;
}

Utf8Run next_run(std::string_view text, size_t at) {
  Utf8Run run{.begin = at, .end = invalid_from(text, at)};
  if (run.end > at || at >= text.size()) return run;
  run.valid = false;
  while (run.end < text.size() && character_bytes(text, run.end) == 0) ++run.end;
  return run;
}

bool is_utf8(std::string_view text) { return first_invalid_byte(text) == text.size(); }

size_t first_invalid_byte(std::string_view text) { return invalid_from(text, 0); }

size_t count_invalid_bytes(std::string_view text) {
  size_t n_invalid = 0;
  for (Utf8Run run = next_run(text, 0); run.begin < run.end; run = next_run(text, run.end)) {
    if (!run.valid) n_invalid += run.end - run.begin;
  }
  return n_invalid;
}

namespace {

// Bytes at `at` that begin a character, as far as they do; 1 where none does.
size_t beginning_bytes(std::string_view text, size_t at) {
  const Row row = row_of(byte_at(text, at));
  size_t n = 1;
  for (; n < row.bytes && at + n < text.size(); ++n) {
    const uint8_t byte = byte_at(text, at + n);
    const bool goes_on =
        n == 1 ? byte >= row.second_min && byte <= row.second_max : (byte & 0xc0) == 0x80;
    if (!goes_on) break;
  }
  return n;
}

}  // namespace

std::string replace_invalid(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (Utf8Run run = next_run(bytes, 0); run.begin < run.end; run = next_run(bytes, run.end)) {
    if (run.valid) out += bytes.substr(run.begin, run.end - run.begin);
    for (size_t at = run.begin; !run.valid && at < run.end; at += beginning_bytes(bytes, at)) {
      out += "\xef\xbf\xbd";
    }
  }
  return out;
}

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (Utf8Run run = next_run(bytes, 0); run.begin < run.end; run = next_run(bytes, run.end)) {
    const std::string_view part = bytes.substr(run.begin, run.end - run.begin);
    if (run.valid) {
      out += part;
    } else {
      for (const char c : part) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<uint8_t>(c));
      }
    }
  }
  return out;
}

}  // namespace actogram
