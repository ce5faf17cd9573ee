#include "explain/explanation_list.h"

#include <filesystem>

#include "actogram/error.h"
#include "codec/json.h"
#include "core/unit_address.h"
#include "store/explanation_store.h"

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

const MeasureRow& measure_of(const StoredScore& score) {
  for (const MeasureRow& row : kMeasures) {
    if (row.scorer == score.scorer) return row;
  }
  fail(Code::unsupported, "a score by {}, which this actogram does not know", score.scorer);
}

std::vector<StoredExplanation> found_in(const ExplanationStore& store, const std::string& search) {
  return search.empty() ? store.explanations() : store.search(search);
}

ListedExplanation listed(const ExplanationStore& store, const StoredExplanation& stored) {
  ListedExplanation explanation{stored.unit, stored.method,        stored.model,
                                stored.text, stored.concept_label, {}};
  for (const StoredScore& score : store.scores_of(stored.id)) {
    const Json numbers = parse_json(score.numbers, "a score");
    const MeasureRow& measure = measure_of(score);
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
          {"method", e.method},
          {"prompt_version", e.prompt_version},
          {"model", e.model},
          {"parameters", parse_json(e.parameters, "an explanation")},
          {"answer", answer ? Json(answer->text) : Json()},
          {"scores", std::move(scores)}};
}

}  // namespace

ExplanationList list_explanations(const std::string& recording, const std::string& search) {
  const ExplanationStore store(recording, Database::Mode::read);
  ExplanationList list;
  for (const StoredExplanation& stored : found_in(store, search)) {
    list.explanations.push_back(listed(store, stored));
  }
  if (!search.empty()) return list;
  for (StoredFailure& failure : store.failures()) {
    list.failures.push_back(
        {std::move(failure.unit), std::move(failure.task), std::move(failure.reason)});
  }
  return list;
}

ExplanationList explanations_of_unit(const std::string& recording, const UnitAddress& unit) {
  ExplanationList list;
  if (!std::filesystem::exists(ExplanationStore::path_for(recording))) return list;
  const ExplanationStore store(recording, Database::Mode::read);
  for (const StoredExplanation& stored : store.explanations_of(unit)) {
    list.explanations.push_back(listed(store, stored));
  }
  return list;
}

std::string explanations_json(const std::string& recording, const std::string& search) {
  const ExplanationStore store(recording, Database::Mode::read);
  Json explanations = Json::array(), failures = Json::array();
  for (const StoredExplanation& stored : found_in(store, search)) {
    explanations.push_back(explanation_json(store, stored));
  }
  for (const StoredFailure& failure : store.failures()) {
    failures.push_back({{"address", fmt::format("{}/{}", failure.unit.site, failure.unit.index)},
                        {"task", failure.task},
                        {"reason", failure.reason}});
  }
  return to_text(
      Json{{"explanations", std::move(explanations)}, {"failures", std::move(failures)}});
}

}  // namespace actogram
