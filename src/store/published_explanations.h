// The explanations that a data set of others brought along, in whichever table its import wrote
// them: scored_explanations.arrow of NeuronRecords, explanations.arrow of SAE tables. They are read
// where they lie, not indexed: a recording is never written again, and to look at all costs some
// hundred nanoseconds each (docs/decisions.md).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "store/explanation_tables.h"
#include "store/record_tables.h"

namespace actogram {

struct PublishedExplanation {
  uint64_t unit = 0;  // row of units.arrow
  std::string_view text;
  std::string_view concept_label = {};                      // "" where there is none
  double score = std::numeric_limits<double>::quiet_NaN();  // NaN where there is none
};

// Thread-safe: reads only. What an explanation looks at is valid as long as this object.
class PublishedExplanations {
 public:
  explicit PublishedExplanations(const std::string& recording);

  // The format that was imported, as `import --format` calls it; "" where nothing was.
  const std::string& source() const { return source_; }
  bool has_any() const { return scored_ || labelled_; }
  // Error{corrupt} where the recording has no such unit.
  UnitAddress address_of(const PublishedExplanation& explanation) const;

  std::vector<PublishedExplanation> all() const;  // in the order of their table
  std::vector<PublishedExplanation> of_unit(const UnitAddress& unit) const;
  // Those that have all words of `text` (word_query.h), the highest scores first and those without
  // last. Error{invalid} where there is no word.
  std::vector<PublishedExplanation> search(std::string_view text) const;

 private:
  void for_each(const std::function<void(const PublishedExplanation&)>& visit) const;
  PublishedExplanation labelled(const Explanation& explanation) const;

  std::vector<Site> sites_;
  std::string source_;
  std::optional<ScoredExplanations> scored_;
  std::optional<Explanations> labelled_;
  size_t labelled_site_ = 0;     // whose units explanations.arrow counts
  uint64_t first_labelled_ = 0;  // row of its first unit
};

}  // namespace actogram
