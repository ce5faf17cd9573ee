// Detection and fuzzing, as in Delphi (github.com/EleutherAI/delphi): a model judges excerpts.
#include <algorithm>
#include <cmath>
#include <utility>

#include "explain/fuzz_marks.h"
#include "explain/judge_prompts.h"
#include "explain/score_numbers.h"
#include "explain/scorers.h"

namespace actogram {
namespace {

using JudgePrompt = Prompt (*)(std::string_view, std::span<const std::string>);

// What a judge is shown: as many texts as the sample has excerpts.
struct Shown {
  std::vector<JudgedExcerpt> sample;
  std::vector<std::string> texts;
};

ScoreText judge_scorer(const UnitToScore& unit, JudgePrompt prompt_for, Shown shown) {
  check_sample(shown.sample);
  return [&unit, prompt_for, shown = std::move(shown)](std::string_view explanation) {
    TextScore score;
    std::vector<double> predicted;
    const std::span<const std::string> texts(shown.texts);
    for (size_t begin = 0; begin < texts.size(); begin += unit.options.at_once) {
      const auto some =
          texts.subspan(begin, std::min<size_t>(unit.options.at_once, texts.size() - begin));
      const Prompt prompt = prompt_for(explanation, some);
      std::vector<bool> said;
      unit.journal.ask(prompt,
                       [&](std::string_view text) { said = read_judgements(text, some.size()); });
      predicted.insert(predicted.end(), said.begin(), said.end());
      score.prompt_version = prompt.version;
    }
    score.numbers =
        judgement_numbers(shown.sample, predicted, JudgedBy::answers, unit.options.bootstrap);
    score.excerpts = judged_json(shown.sample, predicted);
    return score;
  };
}

}  // namespace

ScoreText detect_scorer(const UnitToScore& unit) {
  Shown shown{judged_sample(unit.key, unit.split.score, unit.options.most_of_a_kind), {}};
  for (const JudgedExcerpt& judged : shown.sample) {
    shown.texts.push_back(shown_text(*judged.excerpt));
  }
  return judge_scorer(unit, &detection_prompt, std::move(shown));
}

ScoreText fuzz_scorer(const UnitToScore& unit) {
  const auto sample = judged_sample(unit.key, unit.split.score, unit.options.most_of_a_kind);
  const uint32_t n_wrong = mean_right_marks(sample);
  Shown shown;
  for (const JudgedExcerpt& judged : sample) {
    const std::vector<bool> marks = judged.active ? right_marks(*judged.excerpt)
                                                  : wrong_marks(unit.key, *judged.excerpt, n_wrong);
    if (std::ranges::find(marks, true) == marks.end())
      continue;  // no token that it could be wrong at
    shown.sample.push_back(judged);
    shown.texts.push_back(marked_text(*judged.excerpt, marks));
  }
  return judge_scorer(unit, &fuzzing_prompt, std::move(shown));
}

}  // namespace actogram
