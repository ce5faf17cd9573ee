#include "query/class_exemplars.h"

#include <algorithm>
#include <limits>

#include "query/recording_excerpt.h"
#include "query/window_values.h"
#include "store/recording.h"

namespace actogram {
namespace {

Excerpt exemplar_at(const Recording& recording, const UnitRecord& unit, float sign,
                    const ClassFacts::Peak& at) {
  const uint32_t n_tokens = recording.corpus().sequence(at.sequence).n_tokens;
  if (*at.position >= n_tokens) {
    fail(Code::corrupt, "{}: a sign class has a peak at position {} of a sequence of {} tokens",
         recording.path(), *at.position, n_tokens);
  }
  const Window window = window_around(*at.position, n_tokens, recording.manifest().collate.window);
  std::vector<float> values(window.end - window.begin, std::numeric_limits<float>::quiet_NaN());
  fill_from_windows(unit, at.sequence, window.begin, sign, values);
  values[*at.position - window.begin] = at.value;
  return excerpt_of(recording, {.at = {at.sequence, *at.position},
                                .value = at.value,
                                .window_begin = window.begin,
                                .window = values});
}

}  // namespace

std::vector<std::vector<Excerpt>> class_exemplars(const Recording& recording,
                                                  const UnitRecord& unit, float sign,
                                                  std::span<const ClassFacts> classes, size_t n) {
  std::vector<std::vector<Excerpt>> exemplars(classes.size());
  for (size_t c = 0; c < classes.size(); ++c) {
    for (const ClassFacts::Peak& peak : classes[c].peaks[0]) {
      if (exemplars[c].size() == n) break;
      if (peak.position) exemplars[c].push_back(exemplar_at(recording, unit, sign, peak));
    }
  }
  return exemplars;
}

}  // namespace actogram
