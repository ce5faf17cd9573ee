// How well an explanation of an attention head tells the pairs of tokens at which it is active from
// those at which it is not: one question a pair, and the area under the curve of the answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explain/bootstrap.h"
#include "explain/journal.h"
#include "explain/judged_pairs.h"

namespace actogram {

struct PairScore {
  std::string prompt_version;
  Json numbers;  // of judgement_numbers.h
  Json pairs;    // each with its tokens, what was true and what was predicted
};

// Error{invalid} where `pairs` are not of both kinds.
PairScore score_by_pairs(std::string_view explanation, const std::vector<JudgedPair>& pairs,
                         const BootstrapOptions& options, Journal& journal);

// What an explanation has to beat: the pairs at which the head is strongest, in the part that
// explainers see, each couple of tokens once. Nothing where there is none.
std::optional<std::string> strongest_pairs_as_explanation(const Excerpts<Part::explain>& excerpts);

}  // namespace actogram
