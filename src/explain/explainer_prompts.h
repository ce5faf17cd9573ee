// What an explainer is asked, and what is made of its answer.
//
// The methods, as published: `tokens` shows each token with its level (Bills et al. 2023; the
// structure of the messages is theirs, the words and the examples are ours), `excerpts` shows some
// 200 tokens around each maximum and wants JSON, with the words of the card of
// scaleinvariant/sae-activations-llama-3.1-8b-layer19-lmsys-chat-1m, `heads` shows the pairs of
// tokens at which an attention head is strongest (explain/head_prompts.h). Text of the corpus is
// escaped (explain/prompt_text.h).
#pragma once

#include <string>
#include <string_view>

#include "explain/excerpt_split.h"
#include "explain/prompt.h"

namespace actogram {

// How to add one: a row in the table of explainer_prompts.cc.
enum class ExplainMethod : uint8_t { tokens, excerpts, heads };
std::string_view name_of(ExplainMethod method);

struct ExplainRequest {
  ExplainMethod method = ExplainMethod::tokens;
  // The strongest; of heads so many pairs, and at least five. More cost tokens and seldom change
  // the answer.
  uint32_t most_excerpts = 5;
};

// Error{invalid} where the part has no excerpt with a value above 0, Error{unsupported} for a
// method that is not for units of this kind.
Prompt explainer_prompt(const UnitAddress& unit, const Excerpts<Part::explain>& excerpts,
                        const ExplainRequest& request);

struct Explanation {
  std::string text;
  std::string concept_label;  // two to five words; "" where the method has none
};

// Error{corrupt} where the answer has not the shape that was asked for.
Explanation read_explanation(std::string_view answer, ExplainMethod method);

}  // namespace actogram
