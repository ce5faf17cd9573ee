// Simulation, as Bills et al. 2023 have it: a model that knows the explanation alone says how
// active the unit is at each token, and the score is how well that tells the true values.
//
// The levels are brought to the unit's scale by a line fitted on the part of the excerpts that is
// for calibration, simulated by the same explanation. The correlation needs no such line.
#include <array>
#include <cmath>
#include <utility>

#include "actogram/error.h"
#include "explain/score_numbers.h"
#include "explain/scorers.h"
#include "explain/simulation_prompts.h"
#include "explain/simulation_scores.h"

namespace actogram {
namespace {

using Sample = std::vector<JudgedExcerpt>;
using Levels = std::vector<std::vector<double>>;  // [excerpt][token]

constexpr size_t kNumLevels = 11;

std::vector<double> read_levels(std::string_view answer, size_t n) {
  const std::string what = "the simulated levels";
  const Json json = parse_json(answer, what);
  if (!json.is_array() || json.size() != n) fail(Code::corrupt, "{}: expected {}", what, n);
  std::vector<double> levels;
  for (const Json& level : json) {
    if (!level.is_number()) fail(Code::corrupt, "{}: expected numbers", what);
    levels.push_back(level.get<double>());
  }
  return levels;
}

// What is kept of the probabilities is the level to be expected of each token.
ChatReply ask_for_levels(ChatModel& model, const ChoiceRequest& request) {
  const ChoiceReply reply = model.choices()->weigh(request);
  Json levels = Json::array();
  for (const auto& probabilities : reply.probabilities) {
    const double level = expected_level(std::span<const double, kNumLevels>(probabilities));
    if (std::isnan(level)) {
      fail(Code::corrupt, "the model gives no level a chance at token {}", levels.size());
    }
    levels.push_back(level);
  }
  return {.text = to_text(levels), .model = model.name(), .prompt_tokens = reply.n_tokens};
}

std::vector<double> simulated_at_once(std::string_view explanation, const UnitExcerpt& excerpt,
                                      Journal& journal) {
  const ChoiceRequest request = levels_request(explanation, excerpt);
  Json messages = Json::array();
  for (const auto& [role, content] : request.messages) messages.push_back({role, content});
  std::vector<double> levels;
  journal.ask_once(
      Json{{"levels_of", request.turn}, {"messages", std::move(messages)}},
      [&](ChatModel& model) { return ask_for_levels(model, request); },
      [&](std::string_view answer) { levels = read_levels(answer, excerpt.text.size()); });
  return levels;
}

class Simulator {
 public:
  explicit Simulator(Journal& journal) : journal_(journal) {}

  Levels simulate(std::string_view explanation, const Sample& sample) {
    Levels levels;
    for (const JudgedExcerpt& judged : sample) {
      levels.push_back(simulate(explanation, *judged.excerpt));
    }
    return levels;
  }
  std::string version() const { return version_; }

 private:
  std::vector<double> simulate(std::string_view explanation, const UnitExcerpt& excerpt) {
    if (journal_.choices() != nullptr) {
      version_ = kLevelsVersion;
      return simulated_at_once(explanation, excerpt, journal_);
    }
    const Prompt prompt = simulation_prompt(explanation, excerpt);
    version_ = prompt.version;
    std::vector<double> levels;
    journal_.ask(prompt, [&](std::string_view text) { levels = read_simulation(text, excerpt); });
    return levels;
  }

  Journal& journal_;
  std::string version_;
};

void add_tokens(const JudgedExcerpt& judged, const std::vector<double>& levels, double weight,
                std::vector<SimulatedToken>& tokens) {
  for (size_t t = 0; t < levels.size(); ++t) {
    tokens.push_back({double{judged.excerpt->text[t].value}, levels[t], weight});
  }
}

// Of all sequences, as many as an excerpt stands for: a bucket's share by the excerpts from it.
std::vector<double> corpus_weights(const Sample& sample) {
  std::array<double, kNumBuckets> count = {};
  for (const JudgedExcerpt& judged : sample) ++count.at(judged.excerpt->bucket);
  std::vector<double> weights;
  for (const JudgedExcerpt& judged : sample) {
    const int b = judged.excerpt->bucket;
    weights.push_back((kBucketQuantiles[b + 1] - kBucketQuantiles[b]) / count.at(b));
  }
  return weights;
}

std::vector<double> sample_weights(const Sample& sample) {
  std::vector<double> weights;
  for (const JudgedExcerpt& judged : sample) weights.push_back(judged.weight);
  return weights;
}

struct Calibration {
  LinearCalibration line;
  std::string problem;  // "" where there is a line
};

Calibration calibrated(const Sample& sample, const Levels& levels) {
  std::vector<SimulatedToken> tokens;
  for (size_t i = 0; i < sample.size(); ++i) add_tokens(sample[i], levels[i], 1, tokens);
  try {
    return {fit_calibration(tokens), ""};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

// `levels` as they are, or on the unit's scale.
class Numbers {
 public:
  Numbers(const Sample& sample, const Levels& levels, const BootstrapOptions& options)
      : sample_(sample), levels_(levels), options_(options), strata_(strata_of(sample)) {}

  Json operator()(double SimulationScores::*member, const std::vector<double>& weights) const {
    std::vector<SimulatedToken> tokens;
    const auto score_of = [&](std::span<const size_t> items) {
      tokens.clear();
      for (const size_t i : items) add_tokens(sample_[i], levels_[i], weights[i], tokens);
      return simulation_scores(tokens).*member;
    };
    return with_interval(strata_, score_of, options_);
  }

 private:
  const Sample& sample_;
  const Levels& levels_;
  const BootstrapOptions& options_;
  Strata strata_;
};

Levels on_scale(Levels levels, const LinearCalibration& line) {
  for (std::vector<double>& of_excerpt : levels) {
    for (double& level : of_excerpt) level = line(level);
  }
  return levels;
}

// Without a line there is nothing to compare on the unit's scale: those two are null, with why.
Json numbers_of(const Sample& sample, const Levels& levels, const Calibration& calibration,
                const BootstrapOptions& options) {
  const std::vector<double> weights = sample_weights(sample);
  const Numbers as_levels(sample, levels, options);
  const Strata strata = strata_of(sample);
  Json numbers = {
      {"n_active", strata[1].size()},
      {"n_inactive", strata[0].size()},
      {"correlation", as_levels(&SimulationScores::correlation, weights)},
      {"corpus_correlation", as_levels(&SimulationScores::correlation, corpus_weights(sample))},
      {"r_squared", nullptr},
      {"deviation_explained", nullptr}};
  if (calibration.problem.empty()) {
    const Levels scaled = on_scale(levels, calibration.line);
    const Numbers on_unit_scale(sample, scaled, options);
    numbers["r_squared"] = on_unit_scale(&SimulationScores::r_squared, weights);
    numbers["deviation_explained"] = on_unit_scale(&SimulationScores::deviation_explained, weights);
    numbers["calibration"] = {{"slope", calibration.line.slope},
                              {"intercept", calibration.line.intercept}};
  } else {
    numbers["calibration"] = {{"problem", calibration.problem}};
  }
  numbers["bootstrap"] = to_json(options);
  return numbers;
}

Json excerpts_json(const Sample& sample, const Levels& levels) {
  Json list = Json::array();
  for (size_t i = 0; i < sample.size(); ++i) {
    Json entry = place_json(sample[i]);
    entry["simulated"] = levels[i];
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

ScoreText simulate_scorer(const UnitToScore& unit) {
  const uint32_t most = unit.options.most_of_a_kind;
  Sample sample = judged_sample(unit.key, unit.split.score, most);
  check_sample(sample);
  Sample to_fit = judged_sample(unit.key, unit.split.calibrate, most);
  return [&unit, sample = std::move(sample),
          to_fit = std::move(to_fit)](std::string_view explanation) {
    Simulator simulator(unit.journal);
    const Levels levels = simulator.simulate(explanation, sample);
    const Calibration calibration = calibrated(to_fit, simulator.simulate(explanation, to_fit));
    return TextScore{.prompt_version = simulator.version(),
                     .numbers = numbers_of(sample, levels, calibration, unit.options.bootstrap),
                     .excerpts = excerpts_json(sample, levels)};
  };
}

}  // namespace actogram
