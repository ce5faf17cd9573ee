#include "cli/explanation_text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace actogram {

void print_explanation(const ListedExplanation& explanation) {
  std::printf("  %s\n", explanation.text.c_str());
  std::printf("  (%s%s%s, %s)\n", explanation.concept_label.c_str(),
              explanation.concept_label.empty() ? "" : "; ", explanation.method.c_str(),
              explanation.model.c_str());
  for (const ListedScore& score : explanation.scores) {
    const std::string value =
        std::isnan(score.value)
            ? "not defined"
            : fmt::format("{:.2f} ({:.2f} to {:.2f})", score.value, score.low, score.high);
    std::printf("  %s, %-12s %s %s, %llu active and %llu not\n", score.scorer.c_str(),
                (score.of + ":").c_str(), score.measure.c_str(), value.c_str(),
                static_cast<unsigned long long>(score.n_active),
                static_cast<unsigned long long>(score.n_inactive));
  }
}

}  // namespace actogram
