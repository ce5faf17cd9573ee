// Explaining many units, and scoring their explanations: several questions at once, each answer
// kept as it comes, and what failed kept as a failure with its reason, never as a number.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "explain/bootstrap.h"
#include "explain/explainer_prompts.h"
#include "llm/chat.h"

namespace actogram {

// A unit's excerpts, each sequence once, of the documents whose keys are wanted; called by several
// threads.
using WantsDocument = std::function<bool(uint64_t document_key)>;
using ExcerptsOfUnit =
    std::function<std::vector<UnitExcerpt>(const UnitAddress&, const WantsDocument&)>;

struct RunOptions {
  std::string recording;
  std::vector<UnitAddress> units;
  uint32_t n_at_once = 4;  // questions under way; hosts limit it, and a local one gains little
  ChatOptions chat;
};

struct RunFailure {
  UnitAddress unit;
  std::string reason;
};
struct RunReport {
  uint64_t n_done = 0;  // units
  uint64_t n_asked = 0, n_known = 0, n_tokens = 0;
  std::vector<RunFailure> failures;
};

std::string to_json_text(const RunReport& report);

RunReport explain_units(const RunOptions& options, const ExplainRequest& request, ChatModel& model,
                        const ExcerptsOfUnit& excerpts_of, const ProgressFn& progress);

// Scores of each unit the explanations of every method that it has.
// How to add one: explain/scorers.h.
enum class Scorer : uint8_t { detect, fuzz, embed, simulate, pairs };
struct ScoreOptions {
  Scorer scorer = Scorer::detect;
  uint32_t most_of_a_kind = 20;  // excerpts where it is active, and as many where it is not
  uint32_t at_once = 10;  // excerpts that are judged in one question; more is cheaper, less exact
  uint32_t n_pairs = 5;   // pairs: of an attention head's strong ones, and of its weak ones
  BootstrapOptions bootstrap;
};
RunReport score_units(const RunOptions& options, const ScoreOptions& score, ChatModel& model,
                      const ExcerptsOfUnit& excerpts_of, const ProgressFn& progress);

}  // namespace actogram
