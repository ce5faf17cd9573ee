// A text that somebody typed just now, and what units do on it: the values that a recording of the
// text would hold.
#pragma once

#include <string>
#include <vector>

#include "actogram/types.h"

namespace actogram {

struct TypedText {
  std::string text;
  std::vector<std::vector<Token>>
      sequences;  // as the recording cuts documents; offsets into `text`

  size_t n_tokens() const {
    size_t n = 0;
    for (const auto& tokens : sequences) n += tokens.size();
    return n;
  }
};

// One unit in one of the sequences.
struct TypedValues {
  std::vector<float> values;     // [token]; of a head none, but
  std::vector<float> pattern;    // [n (n + 1) / 2], query by query (core/head_record.h), and
  std::vector<float> key_norms;  // [n]
};

struct TypedUnit {
  TypedText text;
  std::vector<TypedValues> sequences;
};

// Where a unit is highest and lowest; place.sequence counts the text's own. Of a head the place is
// the query. Tokens that stand for no text (BOS) are left out.
struct TypedExtremes {
  float max = 0, min = 0;
  Place max_at, min_at;
};

struct TypedUnits {
  TypedText text;
  std::vector<std::vector<TypedExtremes>> sites;  // [site of the recording][unit]
};

}  // namespace actogram
