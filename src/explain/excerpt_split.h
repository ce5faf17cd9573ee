// Which excerpts of a unit its explanation is made from, and which it is scored on.
//
// Each document belongs to one of three parts, by a hash of the unit and the document's bytes: so
// no scorer sees a text that the explainer saw, not even a copy of it, whatever is asked for later.
// The parts have types of their own that only split_excerpts() makes: an explainer takes
// Excerpts<Part::explain>, a scorer Excerpts<Part::score>, and one in the place of the other does
// not compile.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/unit_address.h"
#include "explain/unit_excerpt.h"

namespace actogram {

// One half, one eighth, three eighths of the documents.
enum class Part : uint8_t { explain, calibrate, score };

// What a document is split by.
inline uint64_t document_key(std::string_view text) { return mix64(fnv1a64(text)); }

inline Part part_of(uint64_t unit_key, uint64_t document_key) {
  const uint32_t drawn = sample_rank(mix64(fnv1a64("explanation split") ^ unit_key), document_key);
  if (drawn < 0x80000000u) return Part::explain;
  return drawn < 0xa0000000u ? Part::calibrate : Part::score;
}

struct SplitExcerpts;

// Not empty by promise: a unit may have no excerpt in a part.
template <Part kPart>
class Excerpts {
 public:
  auto begin() const { return excerpts_.begin(); }
  auto end() const { return excerpts_.end(); }
  size_t size() const { return excerpts_.size(); }
  bool empty() const { return excerpts_.empty(); }
  const UnitExcerpt& operator[](size_t i) const { return excerpts_[i]; }

 private:
  Excerpts() = default;
  friend struct SplitExcerpts;
  friend SplitExcerpts split_excerpts(uint64_t, std::vector<UnitExcerpt>);

  std::vector<UnitExcerpt> excerpts_;
};

struct SplitExcerpts {
  Excerpts<Part::explain> explain;
  Excerpts<Part::calibrate> calibrate;
  Excerpts<Part::score> score;
};

// In the order given. `unit_key` is that of core/unit_address.h.
SplitExcerpts split_excerpts(uint64_t unit_key, std::vector<UnitExcerpt> excerpts);

}  // namespace actogram
