#include "explain/published_json.h"

#include <cmath>

#include "codec/utf8.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

Json score_json(const PublishedExplanation& explanation, const UnitAddress& unit) {
  const PublishedMeasure measure = published_measure(unit);
  const Json value = {{"value", explanation.score}, {"low", nullptr}, {"high", nullptr}};
  Json numbers = Json::object();
  numbers[std::string(measure.key)] = value;
  return {
      {"scorer", measure.scorer},     {"of", "explanation"}, {"text", printable(explanation.text)},
      {"prompt_version", ""},         {"model", ""},         {"parameters", Json::object()},
      {"numbers", std::move(numbers)}};
}

}  // namespace

PublishedMeasure published_measure(const UnitAddress& unit) {
  if (is_attention_site(unit.site)) return {"pairs", "auc"};
  return {"simulate", "correlation"};
}

Json published_json(const PublishedExplanation& explanation, const UnitAddress& unit,
                    const std::string& source) {
  Json scores = Json::array();
  if (!std::isnan(explanation.score)) scores.push_back(score_json(explanation, unit));
  return {{"explanation", printable(explanation.text)},
          {"concept", printable(explanation.concept_label)},
          {"source", source},
          {"method", ""},
          {"prompt_version", ""},
          {"model", ""},
          {"parameters", Json::object()},
          {"scores", std::move(scores)}};
}

}  // namespace actogram
