#include "explain/explanation_pages.h"

#include <algorithm>
#include <filesystem>

#include "codec/json.h"
#include "core/unit_address.h"
#include "store/explanation_store.h"
#include "store/search_words.h"

namespace actogram {
namespace {

bool is_explained(const std::string& recording) {
  return std::filesystem::exists(ExplanationStore::path_for(recording));
}

Json score_json(const StoredScore& score) {
  return {{"scorer", score.scorer},
          {"of", score.of},
          {"text", score.text},
          {"prompt_version", score.prompt_version},
          {"model", score.model},
          {"parameters", parse_json(score.parameters, "a score's parameters")},
          {"numbers", parse_json(score.numbers, "a score's numbers")}};
}

Json explanation_json(const ExplanationStore& store, const StoredExplanation& e) {
  Json scores = Json::array();
  for (const StoredScore& score : store.scores_of(e.id)) scores.push_back(score_json(score));
  return {{"unit", fmt::format("{}/{}", short_site_name(e.unit.site), e.unit.index)},
          {"explanation", e.text},
          {"concept", e.concept_label},
          {"method", e.method},
          {"prompt_version", e.prompt_version},
          {"model", e.model},
          {"parameters", parse_json(e.parameters, "an explanation's parameters")},
          {"scores", std::move(scores)}};
}

}  // namespace

std::string unit_explanations_json(const std::string& recording, const UnitAddress& unit) {
  Json explanations = Json::array(), failures = Json::array();
  if (is_explained(recording)) {
    const ExplanationStore store(recording, Database::Mode::read);
    for (const StoredExplanation& e : store.explanations_of(unit)) {
      explanations.push_back(explanation_json(store, e));
    }
    for (const StoredFailure& failure : store.failures()) {
      if (failure.unit != unit) continue;
      failures.push_back({{"task", failure.task}, {"reason", failure.reason}});
    }
  }
  return to_text(Json{{"address", fmt::format("{}/{}", unit.site, unit.index)},
                      {"explanations", std::move(explanations)},
                      {"failures", std::move(failures)}});
}

std::string found_explanations_json(const std::string& recording, std::string_view text,
                                    size_t limit) {
  quoted_words(text);  // a text without a word is a mistake, whether there are explanations or not
  Json explanations = Json::array();
  size_t n_found = 0;
  if (is_explained(recording)) {
    const ExplanationStore store(recording, Database::Mode::read);
    const std::vector<StoredExplanation> found = store.search(text);
    n_found = found.size();
    for (size_t i = 0; i < std::min(limit, n_found); ++i) {
      explanations.push_back(explanation_json(store, found[i]));
    }
  }
  return to_text(
      Json{{"text", text}, {"n_explanations", n_found}, {"explanations", std::move(explanations)}});
}

}  // namespace actogram
