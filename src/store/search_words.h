// What a person types to search texts, as FTS5 wants it.
#pragma once

#include <string>
#include <string_view>

namespace actogram {

// All words of `text`, each as it is: none is an operator of FTS5's language. Error{invalid} where
// there is no word.
std::string quoted_words(std::string_view text);

}  // namespace actogram
