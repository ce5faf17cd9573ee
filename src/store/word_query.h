// Whether texts have all words of a question, by the rule by which explanation_words (FTS5) finds
// them: what stands between blanks, if it is several words ("9-to-5"), is in one column in that
// order; the whole question may be in several columns.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "store/folded_words.h"

namespace actogram {

// One thread.
class WordQuery {
 public:
  // Error{invalid} where there is no word.
  explicit WordQuery(std::string_view text);

  // False for all where the words are nothing but punctuation.
  bool finds(std::initializer_list<std::string_view> columns);

 private:
  FoldedWords folded_;
  std::vector<std::string> phrases_;  // " rain ", " 9 to 5 "
  std::string lines_;                 // of the columns, one after another
};

}  // namespace actogram
