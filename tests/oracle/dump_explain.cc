// The numbers of explain/, for a test in another language: a JSON document on stdin with the lists
// that a job needs, a JSON document with what comes of them on stdout.
//
//   {"levels": {"values": [...], "highest": x}, "simulation": {"truth": [...], "simulated": [...],
//   "weight": [...]},
//    "expected": [[p0, ..., p10], ...], "judgements": [[active, predicted, weight], ...],
//    "bootstrap": {"strata": [[item, ...], ...], "values": [...], "seed": n, "samples": n},
//    "parts": {"site": "...", "unit": n, "texts": [...]}}
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "codec/json.h"
#include "explain/bootstrap.h"
#include "explain/excerpt_split.h"
#include "explain/judgement_scores.h"
#include "explain/levels.h"
#include "explain/simulation_scores.h"

namespace actogram {
namespace {

// Null stands for NaN, as in what is printed.
template <typename T>
std::vector<T> numbers(const Json& list) {
  std::vector<T> found;
  for (const Json& x : list) found.push_back(x.is_null() ? T(NAN) : x.get<T>());
  return found;
}

Json levels(const Json& job) {
  const auto values = numbers<float>(job.at("values"));
  Json found = Json::array();
  for (const Level& level : levels_of(values, job.at("highest").get<float>())) {
    found.push_back(level ? Json(*level) : Json());
  }
  return found;
}

Json simulation(const Json& job) {
  const auto truth = numbers<double>(job.at("truth"));
  const auto simulated = numbers<double>(job.at("simulated"));
  const auto weight = numbers<double>(job.at("weight"));
  std::vector<SimulatedToken> tokens;
  for (size_t i = 0; i < truth.size(); ++i) tokens.push_back({truth[i], simulated[i], weight[i]});
  const SimulationScores scores = simulation_scores(tokens);
  const LinearCalibration line = fit_calibration(tokens);
  return {{"correlation", scores.correlation},
          {"r_squared", scores.r_squared},
          {"deviation_explained", scores.deviation_explained},
          {"slope", line.slope},
          {"intercept", line.intercept}};
}

Json expected(const Json& job) {
  Json found = Json::array();
  for (const Json& row : job) found.push_back(expected_level(row.get<std::array<double, 11>>()));
  return found;
}

Json judged(const Json& job) {
  std::vector<Judgement> judgements;
  for (const Json& row : job) judgements.push_back({row.at(0), row.at(1), row.at(2)});
  const JudgementScores scores = judgement_scores(judgements);
  return {{"n_active", scores.n_active},
          {"n_inactive", scores.n_inactive},
          {"balanced_accuracy", scores.balanced_accuracy},
          {"sensitivity", scores.sensitivity},
          {"specificity", scores.specificity},
          {"auc", scores.auc}};
}

// Of the mean of the items' values, NaN where that is below 0.
Json intervals(const Json& job) {
  const auto values = job.at("values").get<std::vector<double>>();
  const auto mean = [&](std::span<const size_t> items) {
    double sum = 0;
    for (const size_t item : items) sum += values[item];
    return sum < 0 ? std::nan("") : sum / static_cast<double>(items.size());
  };
  const auto strata = job.at("strata").get<std::vector<std::vector<size_t>>>();
  const BootstrapOptions options{.n_samples = job.at("samples"), .seed = job.at("seed")};
  const Interval interval = bootstrap(strata, mean, options);
  return {interval.low, interval.high, interval.n_undefined};
}

Json parts(const Json& job) {
  const uint64_t key = unit_key(job.at("site").get<std::string>(), job.at("unit"));
  Json found = Json::array();
  for (const Json& text : job.at("texts")) {
    found.push_back(part_of(key, document_key(text.get<std::string>())));
  }
  return found;
}

}  // namespace
}  // namespace actogram

int main() {
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  try {
    const actogram::Json jobs = actogram::parse_json(text, "stdin");
    actogram::Json found = actogram::Json::object();
    for (const auto& [name, job] : jobs.items()) {
      if (name == "levels") found[name] = actogram::levels(job);
      if (name == "simulation") found[name] = actogram::simulation(job);
      if (name == "expected") found[name] = actogram::expected(job);
      if (name == "judgements") found[name] = actogram::judged(job);
      if (name == "bootstrap") found[name] = actogram::intervals(job);
      if (name == "parts") found[name] = actogram::parts(job);
    }
    std::printf("%s\n", actogram::to_text(found).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dump_explain: %s\n", error.what());
    return 1;
  }
  return 0;
}
