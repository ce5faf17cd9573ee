#include "store/word_query.h"

#include <algorithm>

#include "store/search_words.h"

namespace actogram {

// FTS5 leaves punctuation out of a question that has words besides.
WordQuery::WordQuery(std::string_view text) {
  for (const std::string& word : search_words(text)) {
    std::string phrase;
    folded_.append(word, phrase);
    if (phrase != " ") phrases_.push_back(std::move(phrase));
  }
}

bool WordQuery::finds(std::initializer_list<std::string_view> columns) {
  lines_.clear();
  // Two blanks come to lie between them, over which no phrase goes on.
  for (const std::string_view column : columns) folded_.append(column, lines_);
  return !phrases_.empty() && std::ranges::all_of(phrases_, [&](const std::string& phrase) {
    return lines_.find(phrase) != lines_.npos;
  });
}

}  // namespace actogram
