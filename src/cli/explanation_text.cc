#include "cli/explanation_text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace actogram {
namespace {

std::string value_of(const ListedScore& score) {
  if (std::isnan(score.value)) return "not defined";
  if (score.published) return fmt::format("{:.2f}", score.value);
  return fmt::format("{:.2f} ({:.2f} to {:.2f})", score.value, score.low, score.high);
}

// Who wrote it.
std::string author_of(const ListedExplanation& explanation) {
  if (explanation.source != "actogram") return fmt::format("published, {}", explanation.source);
  return fmt::format("{}, {}", explanation.method, explanation.model);
}

}  // namespace

void print_explanation(const ListedExplanation& explanation) {
  std::printf("  %s\n", explanation.text.c_str());
  std::printf("  (%s%s%s)\n", explanation.concept_label.c_str(),
              explanation.concept_label.empty() ? "" : "; ", author_of(explanation).c_str());
  for (const ListedScore& score : explanation.scores) {
    std::printf("  %s, %-12s %s %s", score.scorer.c_str(), (score.of + ":").c_str(),
                score.measure.c_str(), value_of(score).c_str());
    if (!score.published) {
      std::printf(", %llu active and %llu not", static_cast<unsigned long long>(score.n_active),
                  static_cast<unsigned long long>(score.n_inactive));
    }
    std::printf("\n");
  }
}

}  // namespace actogram
