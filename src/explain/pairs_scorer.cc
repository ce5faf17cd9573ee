#include "explain/judged_pairs.h"
#include "explain/pair_score.h"
#include "explain/scorers.h"

namespace actogram {

ScoreText pairs_scorer(const UnitToScore& unit) {
  return [&unit, pairs = judged_pairs(unit.key, unit.split.score, unit.options.n_pairs)](
             std::string_view explanation) {
    PairScore found = score_by_pairs(explanation, pairs, unit.options.bootstrap, unit.journal);
    return TextScore{std::move(found.prompt_version), std::move(found.numbers),
                     std::move(found.pairs)};
  };
}

}  // namespace actogram
