// UTF-8, checked and never changed.
//
// A corpus is bytes. Most are UTF-8, some are not, and both come back as they were; this file says
// which is which. A *character* is one well-formed sequence of 1 to 4 bytes (Unicode 15, table 3-7:
// shortest form, no surrogates, at most U+10FFFF). An *invalid byte* is a byte that belongs to no
// character, reading from the front. So every byte is counted once, and a text cut inside a
// character has one to three invalid bytes at its end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace actogram {

// Bytes [begin, end) of a text: either whole characters or invalid bytes only.
struct Utf8Run {
  size_t begin = 0;
  size_t end = 0;
  bool valid = true;

  bool operator==(const Utf8Run&) const = default;
};

// The longest run that starts at `at`, which is the end of another run or 0. Empty at the end of
// the text. All runs of a text cost one pass over it:
//   for (auto run = next_run(text, 0); run.begin < run.end; run = next_run(text, run.end))
Utf8Run next_run(std::string_view text, size_t at);

bool is_utf8(std::string_view text);
size_t first_invalid_byte(std::string_view text);  // text.size() where there is none
size_t count_invalid_bytes(std::string_view text);

// Bytes of the character that starts at `at`, 0 where none does.
size_t character_bytes(std::string_view text, size_t at);

// Where the character that holds byte `at` starts; `at` itself for an invalid byte and for the end
// of the text. A cut there tears no character.
size_t character_start(std::string_view text, size_t at);

// For people: each invalid byte as \xNN, all else as it is.
std::string printable(std::string_view bytes);

// As Python decodes with errors="replace": U+FFFD for each beginning of a character that is not
// gone on with, and for each byte that begins none.
std::string replace_invalid(std::string_view bytes);

}  // namespace actogram
