#include "formats/tdb_scores.h"

#include <cmath>
#include <string_view>

#include "core/unit_address.h"

namespace actogram {
namespace {

constexpr const char* kWhat = "a stored score";

const StoredScore* latest(std::span<const StoredScore> scores, std::string_view scorer) {
  const StoredScore* found = nullptr;
  for (const StoredScore& score : scores) {
    if (score.scorer == scorer && score.of == "explanation") found = &score;
  }
  return found;
}

Json attention_simulations(const StoredScore* score) {
  Json list = Json::array();
  if (score == nullptr) return list;
  for (const Json& pair : parse_json(score->excerpts, kWhat)) {
    list.push_back({{"dataclass_name", "AttentionSimulation"},
                    {"tokens", member(pair, "tokens", kWhat)},
                    {"token_pair_coords",
                     {field<uint32_t>(pair, "query", kWhat), field<uint32_t>(pair, "key", kWhat)}},
                    {"token_pair_label", field<bool>(pair, "active", kWhat) ? 1 : 0},
                    {"simulation_prediction", field<double>(pair, "predicted", kWhat)}});
  }
  return list;
}

double auc_of(const StoredScore* score) {
  if (score == nullptr) return std::nan("");
  const Json numbers = parse_json(score->numbers, kWhat);
  return field<double>(member(numbers, "auc", kWhat), "value", kWhat);
}

TdbExplanation scored_head(const StoredExplanation& explanation,
                           std::span<const StoredScore> scores) {
  const StoredScore* score = latest(scores, "pairs");
  const double auc = auc_of(score);
  return {explanation.text, auc,
          to_text(Json{{"dataclass_name", "ScoredAttentionSimulation"},
                       {"attention_simulations", attention_simulations(score)},
                       {"roc_auc_score", auc}})};
}

}  // namespace

TdbExplanation scored_for_tdb(const StoredExplanation& explanation,
                              std::span<const StoredScore> scores) {
  if (is_attention_site(explanation.unit.site)) return scored_head(explanation, scores);
  return {explanation.text, std::nan(""),
          to_text(Json{{"dataclass_name", "ScoredSimulation"},
                       {"scored_sequence_simulations", Json::array()},
                       {"ev_correlation_score", nullptr},
                       {"rsquared_score", nullptr},
                       {"absolute_dev_explained_score", nullptr}})};
}

}  // namespace actogram
