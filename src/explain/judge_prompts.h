// What a judge is asked: given an explanation, which excerpts is the unit active in (detection), or
// in which are the marked tokens those that make it active (fuzzing; both as in Delphi). The words
// are ours. Explanation and excerpts are escaped (explain/prompt_text.h).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explain/excerpt_split.h"
#include "explain/prompt.h"

namespace actogram {

// An excerpt as plain text, and with << >> around runs of the tokens in `marked`, one flag a token.
std::string shown_text(const UnitExcerpt& excerpt);
std::string marked_text(const UnitExcerpt& excerpt, const std::vector<bool>& marked);

// `texts` are what the two above make. Error{invalid} where there is none.
Prompt detection_prompt(std::string_view explanation, std::span<const std::string> texts);
Prompt fuzzing_prompt(std::string_view explanation, std::span<const std::string> texts);

// One 0 or 1 for each of n texts. Error{corrupt} for every other answer.
std::vector<bool> read_judgements(std::string_view answer, size_t n);

}  // namespace actogram
