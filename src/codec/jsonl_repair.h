// The markers that carry bytes through a JSON parser which wants UTF-8 (see jsonl.h).
//
//   marker := noncharacter(U+FDD0 .. U+FDEF) hex hex      the same noncharacter in the whole line
#pragma once

#include <string>
#include <string_view>

namespace actogram {

struct RepairedLine {
  std::string text;    // valid UTF-8; JSON where the line would be but for its bad bytes
  std::string marker;  // the noncharacter

  bool operator==(const RepairedLine&) const = default;
};

// Marks each invalid byte and lone surrogate escape. Error{unsupported} in the absurd case that
// the line itself uses all 32 noncharacters; `what` names the line.
RepairedLine mark_bad_bytes(std::string_view line, const std::string& what);

// Puts the bytes back into a string that was parsed out of the repaired line.
std::string restore_bytes(std::string_view parsed, std::string_view marker);

}  // namespace actogram
