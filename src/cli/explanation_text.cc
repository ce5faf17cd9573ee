#include "cli/explanation_text.h"

#include <cstdio>

namespace actogram {

void print_explanation(const ListedExplanation& explanation) {
  std::printf("  %s\n", explanation.text.c_str());
  std::printf("  (%s%s%s, %s)\n", explanation.concept_label.c_str(),
              explanation.concept_label.empty() ? "" : "; ", explanation.method.c_str(),
              explanation.model.c_str());
  for (const ListedScore& score : explanation.scores) {
    std::printf("  %s, %-12s %s %.2f (%.2f to %.2f), %llu active and %llu not\n",
                score.scorer.c_str(), (score.of + ":").c_str(), score.measure.c_str(), score.value,
                score.low, score.high, static_cast<unsigned long long>(score.n_active),
                static_cast<unsigned long long>(score.n_inactive));
  }
}

}  // namespace actogram
