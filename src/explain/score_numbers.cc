#include "explain/score_numbers.h"

#include "explain/judgement_numbers.h"

namespace actogram {

Strata strata_of(std::span<const JudgedExcerpt> sample) {
  Strata strata(2);
  for (size_t i = 0; i < sample.size(); ++i) strata[sample[i].active].push_back(i);
  return strata;
}

Json with_interval(const Strata& strata,
                   const std::function<double(std::span<const size_t>)>& score_of,
                   const BootstrapOptions& options) {
  std::vector<size_t> all;
  for (const auto& stratum : strata) all.insert(all.end(), stratum.begin(), stratum.end());
  const Interval interval = bootstrap(strata, score_of, options);
  return {{"value", score_of(all)}, {"low", interval.low}, {"high", interval.high}};
}

Json to_json(const BootstrapOptions& options) {
  return {
      {"samples", options.n_samples}, {"confidence", options.confidence}, {"seed", options.seed}};
}

Json judgement_numbers(std::span<const JudgedExcerpt> sample, std::span<const double> predicted,
                       JudgedBy by, const BootstrapOptions& options) {
  std::vector<Judgement> judgements;
  for (size_t i = 0; i < sample.size(); ++i) {
    judgements.push_back({sample[i].active, predicted[i], sample[i].weight});
  }
  Json numbers = numbers_of(judgements, options);
  if (by == JudgedBy::ranks) {
    for (const char* name : {"balanced_accuracy", "sensitivity", "specificity"})
      numbers.erase(name);
  }
  return numbers;
}

Json place_json(const JudgedExcerpt& judged) {
  const UnitExcerpt& excerpt = *judged.excerpt;
  return {{"sequence", excerpt.at.sequence}, {"position", excerpt.at.position},
          {"document", excerpt.document},    {"bucket", excerpt.bucket},
          {"value", excerpt.value},          {"active", judged.active},
          {"weight", judged.weight}};
}

Json judged_json(std::span<const JudgedExcerpt> sample, std::span<const double> predicted) {
  Json list = Json::array();
  for (size_t i = 0; i < sample.size(); ++i) {
    Json entry = place_json(sample[i]);
    entry["predicted"] = predicted[i];
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace actogram
