// How an explanation is scored: each way is a function that takes a unit and gives back one that
// scores a text as its explanation. What a text is scored on is the same for all texts of a unit.
//
// How to add one: a file of its own, a row in the table of score_run.cc, and where it is listed by
// another number than balanced accuracy, one in the table of explanation_list.cc.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "explain/excerpt_split.h"
#include "explain/journal.h"
#include "explain/run.h"

namespace actogram {

struct UnitToScore {
  uint64_t key = 0;  // core/unit_address.h
  const SplitExcerpts& split;
  const ScoreOptions& options;
  Journal& journal;
};

struct TextScore {
  std::string prompt_version;
  Json numbers;
  Json excerpts;
};

using ScoreText = std::function<TextScore(std::string_view explanation)>;

// All throw Error: what the model's answers are not, or a unit lacks.
// detect: the model says in which excerpts the unit is active.
ScoreText detect_scorer(const UnitToScore& unit);
// fuzz: tokens are marked, and the model says in which excerpts they are those of the unit.
ScoreText fuzz_scorer(const UnitToScore& unit);
// embed: the more an excerpt's vector is like the explanation's, the more likely it is active.
ScoreText embed_scorer(const UnitToScore& unit);
// simulate: the model says how active the unit is at each token.
ScoreText simulate_scorer(const UnitToScore& unit);
// pairs: the model says at which pairs of tokens an attention head is active.
ScoreText pairs_scorer(const UnitToScore& unit);

}  // namespace actogram
