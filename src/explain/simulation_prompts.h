// What a simulator is asked: given an explanation, how active is the unit at each token of an
// excerpt? Two forms, as published (Bills et al. 2023; the words and the examples are ours).
//
// All at once: the excerpt as a record whose levels are all "unknown", and the model is asked how
// likely each level is in the place of each. As JSON, for hosts that only answer: the tokens with
// an activation of null, and the model says the same with numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "explain/prompt.h"
#include "explain/unit_excerpt.h"
#include "llm/choices.h"

namespace actogram {

inline constexpr std::string_view kLevelsVersion = "simulation-levels-1";

// Its places are those of the excerpt's tokens, its choices "0" to "10".
ChoiceRequest levels_request(std::string_view explanation, const UnitExcerpt& excerpt);

Prompt simulation_prompt(std::string_view explanation, const UnitExcerpt& excerpt);

// The number of each token. Error{corrupt} for other tokens than were asked about, more or fewer of
// them, and numbers outside [0, 10].
std::vector<double> read_simulation(std::string_view answer, const UnitExcerpt& excerpt);

}  // namespace actogram
