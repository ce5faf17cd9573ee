// Scoring: each explanation of a unit, and beside it what an explanation has to beat.
#include <algorithm>
#include <map>
#include <optional>

#include "actogram/error.h"
#include "core/unit_address.h"
#include "explain/pair_score.h"
#include "explain/scorers.h"
#include "explain/unit_loop.h"

namespace actogram {
namespace {

// What is scored: the explanation, or a baseline.
struct Candidate {
  std::string of;
  std::string text;
};

// The tokens at which the unit is highest, in the part that explainers see; each once.
std::optional<std::string> top_tokens(const Excerpts<Part::explain>& excerpts) {
  constexpr size_t kMost = 10;
  std::map<std::string, float> highest;
  for (const UnitExcerpt& excerpt : excerpts) {
    for (const ValuedText& token : excerpt.text) {
      if (token.value > 0) highest[token.text] = std::max(highest[token.text], token.value);
    }
  }
  std::vector<std::pair<std::string, float>> sorted(highest.begin(), highest.end());
  std::ranges::stable_sort(sorted, std::greater(), [](const auto& entry) { return entry.second; });
  if (sorted.empty()) return std::nullopt;
  std::string text = "the tokens";
  for (size_t i = 0; i < std::min(sorted.size(), kMost); ++i) {
    text += fmt::format("{} \"{}\"", i == 0 ? "" : ",", sorted[i].first);
  }
  return text;
}

// The explanation of another unit by the same method and model: whichever a hash says.
std::optional<Candidate> of_other_unit(const StoredExplanation& mine,
                                       const std::vector<StoredExplanation>& all) {
  const uint64_t key = mix64(unit_key(mine.unit.site, mine.unit.index) ^ fnv1a64("other unit"));
  const StoredExplanation* found = nullptr;
  uint64_t lowest = 0;
  for (const StoredExplanation& other : all) {
    const bool fits = other.method == mine.method && other.model == mine.model &&
                      other.prompt_version == mine.prompt_version &&
                      other.parameters == mine.parameters && other.unit != mine.unit &&
                      other.text != mine.text;
    const uint64_t drawn = mix64(key ^ unit_key(other.unit.site, other.unit.index));
    if (fits && (found == nullptr || drawn < lowest)) found = &other, lowest = drawn;
  }
  if (found == nullptr) return std::nullopt;
  return Candidate{"other unit", found->text};
}

struct ScorerRow {
  Scorer scorer;
  const char* name;
  ScoreText (*scorer_for)(const UnitToScore& unit);
  // What an explanation has to beat, of what explainers see; nothing where there is none.
  std::optional<std::string> (*baseline)(const Excerpts<Part::explain>& excerpts);
};
constexpr ScorerRow kScorers[] = {
    {Scorer::detect, "detect", &detect_scorer, &top_tokens},
    {Scorer::fuzz, "fuzz", &fuzz_scorer, &top_tokens},
    {Scorer::embed, "embed", &embed_scorer, &top_tokens},
    {Scorer::simulate, "simulate", &simulate_scorer, &top_tokens},
    {Scorer::pairs, "pairs", &pairs_scorer, &strongest_pairs_as_explanation},
};
const ScorerRow& row_of(Scorer scorer) { return kScorers[static_cast<size_t>(scorer)]; }

void check_kind(const UnitAddress& unit, Scorer scorer) {
  const bool is_head = is_attention_site(unit.site);
  if (is_head == (scorer == Scorer::pairs)) return;
  fail(Code::unsupported, "{}",
       is_head ? "an attention head, whose values are of pairs of tokens: --scorer pairs"
               : "no attention head: --scorer detect, fuzz, embed or simulate");
}

// What shapes a score besides the model's own options.
void add_parameters(const ScoreOptions& score, Json& parameters) {
  if (score.scorer == Scorer::pairs) {
    parameters["pairs"] = score.n_pairs;
  } else {
    parameters["excerpts"] = score.most_of_a_kind;
    parameters["per_question"] = score.at_once;
  }
}

}  // namespace

RunReport score_units(const RunOptions& options, const ScoreOptions& score, ChatModel& model,
                      const ExcerptsOfUnit& excerpts_of, const ProgressFn& progress) {
  ExplanationStore store(options.recording, Database::Mode::write);
  Journal journal(store, model, options.chat);
  const std::vector<StoredExplanation> all = store.explanations();
  const std::string task = fmt::format("score {}", row_of(score.scorer).name);
  Json parameters = journal.parameters();
  add_parameters(score, parameters);
  return for_each_unit(options, task, journal, store, progress, [&](const UnitAddress& unit) {
    check_kind(unit, score.scorer);
    const std::vector<StoredExplanation> mine = store.explanations_of(unit);
    if (mine.empty()) {
      fail(Code::not_found, "it has no explanation yet; actogram explain makes one");
    }
    const uint64_t key = unit_key(unit.site, unit.index);
    const SplitExcerpts split =
        split_excerpts(key, excerpts_of(unit, [](uint64_t) { return true; }));
    const UnitToScore to_score{.key = key, .split = split, .options = score, .journal = journal};
    const ScoreText score_text = row_of(score.scorer).scorer_for(to_score);
    const auto baseline = row_of(score.scorer).baseline(split.explain);
    for (const StoredExplanation& explanation : mine) {
      std::vector<Candidate> candidates = {{"explanation", explanation.text}};
      if (auto other = of_other_unit(explanation, all)) candidates.push_back(std::move(*other));
      if (baseline) candidates.push_back({"top tokens", *baseline});
      for (const Candidate& candidate : candidates) {
        const TextScore found = score_text(candidate.text);
        store.keep(StoredScore{.explanation = explanation.id,
                               .scorer = row_of(score.scorer).name,
                               .prompt_version = found.prompt_version,
                               .model = journal.model_name(),
                               .parameters = to_text(parameters),
                               .of = candidate.of,
                               .text = candidate.text,
                               .numbers = to_text(found.numbers),
                               .excerpts = to_text(found.excerpts)});
      }
    }
  });
}

}  // namespace actogram
