// What is asked of attention heads: an explainer sees excerpts with one pair of tokens marked in
// each, a judge one such excerpt at a time. As the Transformer Debugger does it
// (neuron_explainer/explanations/explainer.py and attention_head_scoring.py): the structure of the
// messages is theirs, the words and the examples are ours.
//
//   [[query]]   the later token, that looks    **key**   the earlier one, that it looks at
//   [[**both**]]
//
// Text of the corpus is escaped (explain/prompt_text.h), and what looks like such a mark too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "explain/prompt.h"
#include "explain/unit_excerpt.h"

namespace actogram {

inline constexpr std::string_view kHeadPrefix = "this attention head";

// An excerpt with a pair of its tokens marked. Requires: key <= query < text.size().
std::string marked_pair_text(const UnitExcerpt& excerpt, uint32_t query, uint32_t key);

// As many pairs as excerpts, and at least five: those with the highest values, above 0, the earlier
// among equals. Those of an excerpt stand together, where its first one does. Error{invalid} where
// there is none.
Prompt heads_prompt(const UnitAddress& unit, const std::vector<const UnitExcerpt*>& excerpts);

// Is the head active at this pair, by its explanation? Answered with 0 or 1.
Prompt pair_prompt(std::string_view explanation, const UnitExcerpt& excerpt, uint32_t query,
                   uint32_t key);

// The share of 1 in what the model gives 0 and 1 together, where the journal has these chances;
// else what it said. Error{corrupt} for an answer that is neither.
double read_pair_answer(std::string_view answer);

}  // namespace actogram
