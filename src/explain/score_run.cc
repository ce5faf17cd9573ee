// Scoring: each explanation of a unit, and beside it what an explanation has to beat.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "actogram/error.h"
#include "core/unit_address.h"
#include "explain/judge_prompts.h"
#include "explain/judged_sample.h"
#include "explain/judgement_numbers.h"
#include "explain/pair_score.h"
#include "explain/unit_loop.h"

namespace actogram {
namespace {

struct ScorerRow {
  Scorer scorer;
  const char* name;
  Prompt (*prompt)(std::string_view, std::span<const std::string>);
};
// Of pairs of tokens there is a question each, which pair_score.h asks.
constexpr ScorerRow kScorers[] = {{Scorer::detect, "detect", &detection_prompt},
                                  {Scorer::pairs, "pairs", nullptr}};
const ScorerRow& row_of(Scorer scorer) { return kScorers[static_cast<size_t>(scorer)]; }

// What is scored: the explanation, or a baseline.
struct Candidate {
  std::string of;
  std::string text;
};

// The tokens at which the unit is highest, in the part that explainers see; each once.
std::optional<Candidate> top_tokens(const Excerpts<Part::explain>& excerpts) {
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
  return Candidate{"top tokens", std::move(text)};
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

struct Judged {
  std::vector<Judgement> judgements;  // [excerpt of the sample]
  std::string prompt_version;
};

Judged judge(const Candidate& candidate, const std::vector<JudgedExcerpt>& sample,
             const ScoreOptions& options, Journal& journal) {
  Judged judged;
  for (size_t begin = 0; begin < sample.size(); begin += options.at_once) {
    const size_t end = std::min<size_t>(begin + options.at_once, sample.size());
    std::vector<std::string> texts;
    for (size_t i = begin; i < end; ++i) texts.push_back(shown_text(*sample[i].excerpt));
    const Prompt prompt = row_of(options.scorer).prompt(candidate.text, texts);
    std::vector<bool> said;
    journal.ask(prompt, [&](std::string_view text) { said = read_judgements(text, texts.size()); });
    for (size_t i = begin; i < end; ++i) {
      judged.judgements.push_back(
          {sample[i].active, said[i - begin] ? 1.0 : 0.0, sample[i].weight});
    }
    judged.prompt_version = prompt.version;
  }
  return judged;
}

Json excerpts_json(const std::vector<JudgedExcerpt>& sample,
                   const std::vector<Judgement>& judgements) {
  Json list = Json::array();
  for (size_t i = 0; i < sample.size(); ++i) {
    const UnitExcerpt& excerpt = *sample[i].excerpt;
    list.push_back({{"sequence", excerpt.at.sequence},
                    {"position", excerpt.at.position},
                    {"document", excerpt.document},
                    {"bucket", excerpt.bucket},
                    {"value", excerpt.value},
                    {"active", sample[i].active},
                    {"weight", sample[i].weight},
                    {"predicted", judgements[i].predicted}});
  }
  return list;
}

void check_kind(const UnitAddress& unit, Scorer scorer) {
  const bool is_head = is_attention_site(unit.site);
  if (is_head == (scorer == Scorer::pairs)) return;
  fail(Code::unsupported, "{}",
       is_head ? "an attention head, whose values are of pairs of tokens: --scorer pairs"
               : "no attention head: --scorer detect");
}

// Refuses what no score can be made of.
void check_sample(const std::vector<JudgedExcerpt>& sample) {
  const auto n_active = std::ranges::count_if(sample, &JudgedExcerpt::active);
  const auto n_inactive = std::ssize(sample) - n_active;
  if (n_active == 0 || n_inactive == 0) {
    fail(Code::invalid,
         "of the excerpts to score by it is active in {} and not in {}; a score needs both, so "
         "record more text",
         n_active, n_inactive);
  }
}

// What a candidate scored.
struct Verdict {
  std::string prompt_version;
  Json numbers;
  Json excerpts;
};

// Of one unit: what its candidates are judged on, and the baseline that comes of its excerpts.
struct Trial {
  std::optional<Candidate> baseline;
  std::function<Verdict(const Candidate&)> judge;
};

// Requires, as the next one: what it refers to outlives the trial.
Trial trial_by_excerpts(uint64_t key, const SplitExcerpts& split, const ScoreOptions& score,
                        Journal& journal) {
  const std::vector<JudgedExcerpt> sample = judged_sample(key, split.score, score.most_of_a_kind);
  check_sample(sample);
  return {top_tokens(split.explain), [sample, &score, &journal](const Candidate& candidate) {
            const Judged judged = judge(candidate, sample, score, journal);
            return Verdict{judged.prompt_version, numbers_of(judged.judgements, score.bootstrap),
                           excerpts_json(sample, judged.judgements)};
          }};
}

Trial trial_by_pairs(uint64_t key, const SplitExcerpts& split, const ScoreOptions& score,
                     Journal& journal) {
  std::optional<Candidate> baseline;
  if (auto text = strongest_pairs_as_explanation(split.explain)) {
    baseline = Candidate{"top tokens", std::move(*text)};
  }
  const std::vector<JudgedPair> pairs = judged_pairs(key, split.score, score.n_pairs);
  return {std::move(baseline), [pairs, &score, &journal](const Candidate& candidate) {
            PairScore found = score_by_pairs(candidate.text, pairs, score.bootstrap, journal);
            return Verdict{std::move(found.prompt_version), std::move(found.numbers),
                           std::move(found.pairs)};
          }};
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
    const SplitExcerpts split = split_excerpts(key, excerpts_of(unit));
    const Trial trial = score.scorer == Scorer::pairs
                            ? trial_by_pairs(key, split, score, journal)
                            : trial_by_excerpts(key, split, score, journal);
    for (const StoredExplanation& explanation : mine) {
      std::vector<Candidate> candidates = {{"explanation", explanation.text}};
      if (auto other = of_other_unit(explanation, all)) candidates.push_back(std::move(*other));
      if (trial.baseline) candidates.push_back(*trial.baseline);
      for (const Candidate& candidate : candidates) {
        const Verdict verdict = trial.judge(candidate);
        store.keep(StoredScore{.explanation = explanation.id,
                               .scorer = row_of(score.scorer).name,
                               .prompt_version = verdict.prompt_version,
                               .model = journal.model_name(),
                               .parameters = to_text(parameters),
                               .of = candidate.of,
                               .text = candidate.text,
                               .numbers = to_text(verdict.numbers),
                               .excerpts = to_text(verdict.excerpts)});
      }
    }
  });
}

}  // namespace actogram
