#include "explain/explanation_pages.h"

#include <filesystem>

#include "codec/json.h"
#include "core/unit_address.h"
#include "explain/published_json.h"
#include "store/explanation_store.h"
#include "store/published_explanations.h"
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

std::string short_address(const UnitAddress& unit) {
  return fmt::format("{}/{}", short_site_name(unit.site), unit.index);
}

Json explanation_json(const ExplanationStore& store, const StoredExplanation& e) {
  Json scores = Json::array();
  for (const StoredScore& score : store.scores_of(e.id)) scores.push_back(score_json(score));
  return {{"unit", short_address(e.unit)},
          {"explanation", e.text},
          {"concept", e.concept_label},
          {"source", "actogram"},
          {"method", e.method},
          {"prompt_version", e.prompt_version},
          {"model", e.model},
          {"parameters", parse_json(e.parameters, "an explanation's parameters")},
          {"scores", std::move(scores)}};
}

Json explanation_json(const PublishedExplanations& published, const PublishedExplanation& e) {
  const UnitAddress unit = published.address_of(e);
  Json json = {{"unit", short_address(unit)}};
  json.update(published_json(e, unit, published.source()));
  return json;
}

Json failures_json(const ExplanationStore& store, const UnitAddress& unit) {
  Json failures = Json::array();
  for (const StoredFailure& failure : store.failures()) {
    if (failure.unit != unit) continue;
    failures.push_back({{"task", failure.task}, {"reason", failure.reason}});
  }
  return failures;
}

// Adds what fits in `limit`. How many there are.
size_t add_found(const std::string& recording, std::string_view text, size_t limit, Json& list) {
  if (!is_explained(recording)) return 0;
  const ExplanationStore store(recording, Database::Mode::read);
  const std::vector<StoredExplanation> found = store.search(text);
  for (const StoredExplanation& e : found) {
    if (list.size() == limit) break;
    list.push_back(explanation_json(store, e));
  }
  return found.size();
}

size_t add_found(const PublishedExplanations& published, std::string_view text, size_t limit,
                 Json& list) {
  const std::vector<PublishedExplanation> found = published.search(text);
  for (const PublishedExplanation& e : found) {
    if (list.size() == limit) break;
    list.push_back(explanation_json(published, e));
  }
  return found.size();
}

}  // namespace

ExplanationPages::ExplanationPages(const std::string& recording)
    : recording_(recording), published_(std::make_unique<PublishedExplanations>(recording)) {}
ExplanationPages::~ExplanationPages() = default;

std::string ExplanationPages::unit_json(const UnitAddress& unit) const {
  Json explanations = Json::array(), failures = Json::array();
  if (is_explained(recording_)) {
    const ExplanationStore store(recording_, Database::Mode::read);
    for (const StoredExplanation& e : store.explanations_of(unit)) {
      explanations.push_back(explanation_json(store, e));
    }
    failures = failures_json(store, unit);
  }
  for (const PublishedExplanation& e : published_->of_unit(unit)) {
    explanations.push_back(explanation_json(*published_, e));
  }
  return to_text(Json{{"address", fmt::format("{}/{}", unit.site, unit.index)},
                      {"explanations", std::move(explanations)},
                      {"failures", std::move(failures)}});
}

std::string ExplanationPages::found_json(std::string_view text, size_t limit) const {
  search_words(text);  // a text without a word is a mistake, whether there are explanations or not
  Json explanations = Json::array();
  size_t n_found = add_found(recording_, text, limit, explanations);
  n_found += add_found(*published_, text, limit, explanations);
  return to_text(
      Json{{"text", text}, {"n_explanations", n_found}, {"explanations", std::move(explanations)}});
}

}  // namespace actogram
