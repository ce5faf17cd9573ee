#include "explain/explanation_list.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>

#include "actogram/error.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "core/unit_address.h"
#include "explain/published_json.h"
#include "store/explanation_store.h"
#include "store/published_explanations.h"

namespace actogram {
namespace {

// What a scorer's number is called, and where it is. To add one: a row.
struct MeasureRow {
  std::string_view scorer;
  std::string_view key;
  std::string_view name;
};
constexpr MeasureRow kMeasures[] = {{"detect", "balanced_accuracy", "balanced accuracy"},
                                    {"fuzz", "balanced_accuracy", "balanced accuracy"},
                                    {"embed", "auc", "ROC AUC"},
                                    {"simulate", "correlation", "correlation"},
                                    {"pairs", "auc", "ROC AUC"}};

const MeasureRow& measure_of(std::string_view scorer) {
  for (const MeasureRow& row : kMeasures) {
    if (row.scorer == scorer) return row;
  }
  fail(Code::unsupported, "a score by {}, which this actogram does not know", scorer);
}

std::vector<StoredExplanation> found_in(const ExplanationStore& store, const std::string& search) {
  return search.empty() ? store.explanations() : store.search(search);
}
std::vector<PublishedExplanation> found_in(const PublishedExplanations& published,
                                           const std::string& search) {
  return search.empty() ? published.all() : published.search(search);
}

bool is_explained(const std::string& recording) {
  return std::filesystem::exists(ExplanationStore::path_for(recording));
}

// What was explained here; nothing where only others did, Error{not_found} where nobody did.
std::unique_ptr<const ExplanationStore> store_of(const std::string& recording,
                                                 const PublishedExplanations& published) {
  if (!is_explained(recording) && published.has_any()) return nullptr;
  return std::make_unique<const ExplanationStore>(recording, Database::Mode::read);
}

ListedExplanation listed(const ExplanationStore& store, const StoredExplanation& stored) {
  ListedExplanation explanation{.unit = stored.unit,
                                .source = "actogram",
                                .method = stored.method,
                                .model = stored.model,
                                .text = stored.text,
                                .concept_label = stored.concept_label,
                                .scores = {}};
  for (const StoredScore& score : store.scores_of(stored.id)) {
    const Json numbers = parse_json(score.numbers, "a score");
    const MeasureRow& measure = measure_of(score.scorer);
    const Json& number = member(numbers, measure.key, "a score");
    explanation.scores.push_back({.scorer = score.scorer,
                                  .of = score.of,
                                  .measure = std::string(measure.name),
                                  .value = field<double>(number, "value", "a score"),
                                  .low = field<double>(number, "low", "a score"),
                                  .high = field<double>(number, "high", "a score"),
                                  .n_active = field<uint64_t>(numbers, "n_active", "a score"),
                                  .n_inactive = field<uint64_t>(numbers, "n_inactive", "a score")});
  }
  return explanation;
}

ListedExplanation listed(const PublishedExplanations& published, const PublishedExplanation& e) {
  ListedExplanation explanation{.unit = published.address_of(e),
                                .source = published.source(),
                                .method = {},
                                .model = {},
                                .text = printable(e.text),
                                .concept_label = printable(e.concept_label),
                                .scores = {}};
  if (std::isnan(e.score)) return explanation;
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const MeasureRow& measure = measure_of(published_measure(explanation.unit).scorer);
  explanation.scores.push_back({.scorer = std::string(measure.scorer),
                                .of = "explanation",
                                .measure = std::string(measure.name),
                                .value = e.score,
                                .low = kUnknown,
                                .high = kUnknown,
                                .published = true});
  return explanation;
}

Json score_json(const StoredScore& score) {
  return {{"scorer", score.scorer},
          {"of", score.of},
          {"text", score.text},
          {"prompt_version", score.prompt_version},
          {"model", score.model},
          {"parameters", parse_json(score.parameters, "a score")},
          {"numbers", parse_json(score.numbers, "a score")},
          {"excerpts", parse_json(score.excerpts, "a score")}};
}

Json explanation_json(const ExplanationStore& store, const StoredExplanation& e) {
  Json scores = Json::array();
  for (const StoredScore& score : store.scores_of(e.id)) scores.push_back(score_json(score));
  const auto answer = store.answer(e.request);
  return {{"address", fmt::format("{}/{}", e.unit.site, e.unit.index)},
          {"short", fmt::format("{}/{}", short_site_name(e.unit.site), e.unit.index)},
          {"explanation", e.text},
          {"concept", e.concept_label},
          {"source", "actogram"},
          {"method", e.method},
          {"prompt_version", e.prompt_version},
          {"model", e.model},
          {"parameters", parse_json(e.parameters, "an explanation")},
          {"answer", answer ? Json(answer->text) : Json()},
          {"scores", std::move(scores)}};
}

Json explanation_json(const PublishedExplanations& published, const PublishedExplanation& e) {
  const UnitAddress unit = published.address_of(e);
  Json json = {{"address", fmt::format("{}/{}", unit.site, unit.index)},
               {"short", fmt::format("{}/{}", short_site_name(unit.site), unit.index)}};
  json.update(published_json(e, unit, published.source()));
  return json;
}

}  // namespace

ExplanationList list_explanations(const std::string& recording, const std::string& search) {
  const PublishedExplanations published(recording);
  ExplanationList list;
  if (const auto store = store_of(recording, published)) {
    for (const StoredExplanation& stored : found_in(*store, search)) {
      list.explanations.push_back(listed(*store, stored));
    }
    if (search.empty()) {
      for (StoredFailure& failure : store->failures()) {
        list.failures.push_back(
            {std::move(failure.unit), std::move(failure.task), std::move(failure.reason)});
      }
    }
  }
  for (const PublishedExplanation& e : found_in(published, search)) {
    list.explanations.push_back(listed(published, e));
  }
  return list;
}

ExplanationList explanations_of_unit(const std::string& recording, const UnitAddress& unit) {
  ExplanationList list;
  if (is_explained(recording)) {
    const ExplanationStore store(recording, Database::Mode::read);
    for (const StoredExplanation& stored : store.explanations_of(unit)) {
      list.explanations.push_back(listed(store, stored));
    }
  }
  const PublishedExplanations published(recording);
  for (const PublishedExplanation& e : published.of_unit(unit)) {
    list.explanations.push_back(listed(published, e));
  }
  return list;
}

std::string explanations_json(const std::string& recording, const std::string& search) {
  const PublishedExplanations published(recording);
  Json explanations = Json::array(), failures = Json::array();
  if (const auto store = store_of(recording, published)) {
    for (const StoredExplanation& stored : found_in(*store, search)) {
      explanations.push_back(explanation_json(*store, stored));
    }
    for (const StoredFailure& failure : store->failures()) {
      failures.push_back({{"address", fmt::format("{}/{}", failure.unit.site, failure.unit.index)},
                          {"task", failure.task},
                          {"reason", failure.reason}});
    }
  }
  for (const PublishedExplanation& e : found_in(published, search)) {
    explanations.push_back(explanation_json(published, e));
  }
  return to_text(
      Json{{"explanations", std::move(explanations)}, {"failures", std::move(failures)}});
}

}  // namespace actogram
