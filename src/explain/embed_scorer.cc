// Embedding, as in Delphi (github.com/EleutherAI/delphi): no model judges; an excerpt counts as the
// more likely active the nearer its vector is to the explanation's, by their cosine.
#include <cmath>

#include "actogram/error.h"
#include "explain/score_numbers.h"
#include "explain/scorers.h"
#include "llm/embeddings.h"

namespace actogram {
namespace {

constexpr const char* kVersion = "embedding-1";

std::string plain_text(const UnitExcerpt& excerpt) {
  std::string text;
  for (const ValuedText& piece : excerpt.text) text += piece.text;
  return text;
}

double cosine(const std::vector<float>& one, const std::vector<float>& other) {
  double dot = 0, ones = 0, others = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    const double a = one[i], b = other[i];
    dot += a * b, ones += a * a, others += b * b;
  }
  if (ones == 0 || others == 0) fail(Code::corrupt, "the model's vector of a text is 0");
  return dot / std::sqrt(ones) / std::sqrt(others);
}

std::vector<double> read_cosines(std::string_view answer, size_t n) {
  const std::string what = "the texts' cosines";
  const Json json = parse_json(answer, what);
  if (!json.is_array() || json.size() != n) fail(Code::corrupt, "{}: expected {}", what, n);
  std::vector<double> cosines;
  for (const Json& number : json) {
    if (!number.is_number()) fail(Code::corrupt, "{}: expected numbers", what);
    cosines.push_back(number.get<double>());
  }
  return cosines;
}

// What is kept of the vectors is all that the score takes from them.
ChatReply ask_for_cosines(ChatModel& model, const std::vector<std::string>& texts) {
  const EmbeddingReply reply = model.embeddings()->embed(texts);
  Json cosines = Json::array();
  for (size_t i = 1; i < texts.size(); ++i) {
    cosines.push_back(cosine(reply.vectors[0], reply.vectors[i]));
  }
  return {.text = to_text(cosines), .model = model.name(), .prompt_tokens = reply.n_tokens};
}

}  // namespace

ScoreText embed_scorer(const UnitToScore& unit) {
  auto sample = judged_sample(unit.key, unit.split.score, unit.options.most_of_a_kind);
  check_sample(sample);
  if (unit.journal.embeddings() == nullptr) {
    fail(Code::unsupported, "{} makes no vectors of texts", unit.journal.model_name());
  }
  return [&unit, sample = std::move(sample)](std::string_view explanation) {
    std::vector<std::string> texts = {std::string(explanation)};
    for (const JudgedExcerpt& judged : sample) texts.push_back(plain_text(*judged.excerpt));
    std::vector<double> cosines;
    unit.journal.ask_once(
        Json{{"version", kVersion}, {"cosines", texts}},
        [&](ChatModel& model) { return ask_for_cosines(model, texts); },
        [&](std::string_view answer) { cosines = read_cosines(answer, sample.size()); });
    return TextScore{
        .prompt_version = kVersion,
        .numbers = judgement_numbers(sample, cosines, JudgedBy::ranks, unit.options.bootstrap),
        .excerpts = judged_json(sample, cosines)};
  };
}

}  // namespace actogram
