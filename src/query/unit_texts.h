// A unit's exemplars as text for those who read it: each sequence once, whichever groups it is in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "query/excerpt.h"

namespace actogram {

class Recording;
class UnitReader;
struct HeadRecord;

// A sequence kept for its maximum; of an attention head for its highest pair.
struct UnitText {
  Excerpt window;             // with the values that are kept, of heads with all pairs
  uint16_t groups = 0;        // bits of Group
  int bucket = 0;             // of kBucketQuantiles, that the maximum lies in; of heads 0
  std::string_view document;  // all of its bytes; valid as long as the reader
};

// Thread-safe.
class UnitTexts {
 public:
  // Error{invalid} where the recording keeps no text or no exemplars.
  explicit UnitTexts(const Recording& recording);  // which outlives it
  ~UnitTexts();

  // Of the documents that are wanted, by their bytes; to cut a text costs more than to ask. Without
  // sequences that were kept for merging only.
  using WantsText = std::function<bool(std::string_view document)>;
  std::vector<UnitText> of(const UnitAddress& unit, const WantsText& wants) const;
  // The text of `n_tokens` tokens of a sequence around a place, or of all where it is shorter.
  // Apart from of(), since of a unit's hundred texts few are shown with so much around them.
  std::string around(Place at, uint32_t n_tokens) const;

  UnitAddress address(std::string_view text) const;  // Error{not_found} if there is no such unit

 private:
  std::vector<UnitText> of_head(const HeadRecord& head, const WantsText& wants) const;
  std::string_view document_of(uint32_t sequence) const;

  const Recording& recording_;
  std::unique_ptr<UnitReader> units_;
};

}  // namespace actogram
