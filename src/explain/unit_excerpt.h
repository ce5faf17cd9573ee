// A unit as explainers and scorers are handed it: excerpts of text with its values. Where they come
// from is the caller's business.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actogram/types.h"

namespace actogram {

// The shortest run of tokens that ends with a character, and the highest of their values.
struct ValuedText {
  std::string text;  // UTF-8
  float value = 0;   // NaN where it is not known
};

struct UnitExcerpt {
  Place at;             // of the sequence's maximum
  float value = 0;      // the maximum
  uint16_t groups = 0;  // bits of Group: why it was kept
  int bucket = 0;       // of kBucketQuantiles, that the maximum lies in
  uint64_t document = 0;
  uint64_t document_key = 0;     // explain/excerpt_split.h
  std::vector<ValuedText> text;  // the window whose values are kept
  // More of the text around `at`, for explainers that see no values; cut when it is asked for.
  std::function<std::string()> context;
  // Of attention heads the value at each query and each key up to it, of `text` query by query; of
  // other units none.
  std::vector<float> pairs = {};
};

}  // namespace actogram
