#include "query/class_view.h"

#include <algorithm>

#include "query/recording_excerpt.h"
#include "store/recording.h"

namespace actogram {
namespace {

Excerpt excerpt_around(const Recording& recording, const ClassPeak& peak) {
  const uint32_t n_tokens = recording.corpus().sequence(peak.at.sequence).n_tokens;
  if (peak.at.position >= n_tokens) {
    fail(Code::corrupt, "{}: a peak at position {} of a sequence of {} tokens", recording.path(),
         peak.at.position, n_tokens);
  }
  const Window window =
      window_around(peak.at.position, n_tokens, recording.manifest().collate.window);
  std::vector<float> values(window.end - window.begin);
  values[peak.at.position - window.begin] = peak.value;
  KeptPeak kept;
  kept.at = peak.at, kept.value = peak.value;
  kept.window_begin = window.begin, kept.window = values;
  return excerpt_of(recording, kept);
}

}  // namespace

std::vector<ClassView> class_views(const Recording& recording, std::span<const ClassRecord> classes,
                                   size_t n_excerpts) {
  std::vector<ClassView> views(classes.size());
  for (size_t c = 0; c < classes.size(); ++c) {
    views[c].name = kSignClassNames[c];
    views[c].count = classes[c].count;
    views[c].share =
        static_cast<double>(classes[c].count) / static_cast<double>(recording.corpus().n_tokens());
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      const auto& peaks = classes[c].peaks[q];
      ClassView::Quantity& quantity = views[c].quantities[q];
      quantity.name = kGatedQuantityNames[q];
      quantity.mean = classes[c].mean(q);
      quantity.extreme = peaks.empty() ? 0 : peaks.front().value;
      for (size_t i = 0; i < std::min(n_excerpts, peaks.size()); ++i) {
        quantity.excerpts.push_back(excerpt_around(recording, peaks[i]));
      }
    }
  }
  return views;
}

}  // namespace actogram
