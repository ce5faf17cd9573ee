#include "explain/pair_score.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "actogram/error.h"
#include "explain/head_prompts.h"
#include "explain/judgement_numbers.h"

namespace actogram {
namespace {

Json pair_json(const JudgedPair& pair, double predicted) {
  Json tokens = Json::array();
  for (const ValuedText& piece : pair.excerpt->text) tokens.push_back(piece.text);
  return {{"sequence", pair.excerpt->at.sequence},
          {"document", pair.excerpt->document},
          {"query", pair.query},
          {"key", pair.key},
          {"value", pair.value},
          {"active", pair.active},
          {"predicted", predicted},
          {"tokens", std::move(tokens)}};
}

void check_kinds(const std::vector<JudgedPair>& pairs) {
  const auto n_active = std::ranges::count_if(pairs, &JudgedPair::active);
  const auto n_inactive = std::ssize(pairs) - n_active;
  if (n_active > 0 && n_inactive > 0) return;
  fail(
      Code::invalid,
      "of the pairs to score by {} are strong and {} weak; a score needs both, so record more text",
      n_active, n_inactive);
}

}  // namespace

PairScore score_by_pairs(std::string_view explanation, const std::vector<JudgedPair>& pairs,
                         const BootstrapOptions& options, Journal& journal) {
  check_kinds(pairs);
  PairScore score{.prompt_version = {}, .numbers = {}, .pairs = Json::array()};
  std::vector<Judgement> judgements;
  for (const JudgedPair& pair : pairs) {
    const Prompt prompt = pair_prompt(explanation, *pair.excerpt, pair.query, pair.key);
    double predicted = 0;
    journal.ask(prompt, [&](std::string_view text) { predicted = read_pair_answer(text); });
    judgements.push_back({pair.active, predicted, 1});
    score.pairs.push_back(pair_json(pair, predicted));
    score.prompt_version = prompt.version;
  }
  score.numbers = numbers_of(judgements, options);
  return score;
}

std::optional<std::string> strongest_pairs_as_explanation(const Excerpts<Part::explain>& excerpts) {
  constexpr size_t kMost = 10;
  std::map<std::pair<std::string, std::string>, float> highest;  // of key and query
  for (const UnitExcerpt& excerpt : excerpts) {
    size_t at = 0;
    for (size_t query = 0; query < excerpt.text.size(); ++query) {
      for (size_t key = 0; key <= query; ++key, ++at) {
        const float value = excerpt.pairs.at(at);
        if (!(value > 0)) continue;
        float& known = highest[{excerpt.text[key].text, excerpt.text[query].text}];
        known = std::max(known, value);
      }
    }
  }
  if (highest.empty()) return std::nullopt;
  std::vector<std::pair<std::pair<std::string, std::string>, float>> sorted(highest.begin(),
                                                                            highest.end());
  std::ranges::stable_sort(sorted, std::greater(), [](const auto& entry) { return entry.second; });
  std::string text = "attends";
  for (size_t i = 0; i < std::min(sorted.size(), kMost); ++i) {
    const auto& [key, query] = sorted[i].first;
    text += fmt::format("{} to \"{}\" from \"{}\"", i == 0 ? "" : ",", key, query);
  }
  return text;
}

}  // namespace actogram
