// What a person types to search texts, as its words and as FTS5 wants it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace actogram {

// What stands between blanks, without NULs, which would end a query. Error{invalid} where there is
// nothing.
std::vector<std::string> search_words(std::string_view text);

// All words of `text`, each as it is: none is an operator of FTS5's language. Error{invalid} where
// there is no word.
std::string quoted_words(std::string_view text);

}  // namespace actogram
