#include "explain/excerpt_split.h"

namespace actogram {

SplitExcerpts split_excerpts(uint64_t unit_key, std::vector<UnitExcerpt> excerpts) {
  SplitExcerpts split;
  for (UnitExcerpt& excerpt : excerpts) {
    switch (part_of(unit_key, excerpt.document_key)) {
      case Part::explain:
        split.explain.excerpts_.push_back(std::move(excerpt));
        break;
      case Part::calibrate:
        split.calibrate.excerpts_.push_back(std::move(excerpt));
        break;
      case Part::score:
        split.score.excerpts_.push_back(std::move(excerpt));
        break;
    }
  }
  return split;
}

}  // namespace actogram
