#include "store/search_words.h"

#include <algorithm>

#include "actogram/error.h"

namespace actogram {

std::string quoted_words(std::string_view text) {
  constexpr std::string_view kBetween = " \t\r\n";
  std::string query;
  for (size_t at = 0; at < text.size();) {
    const size_t first = text.find_first_not_of(kBetween, at);
    if (first == text.npos) break;
    const size_t end = std::min(text.find_first_of(kBetween, first), text.size());
    query += query.empty() ? "\"" : " \"";
    for (const char c : text.substr(first, end - first)) {
      if (c == '\0') continue;  // it would end the query
      query += c == '"' ? "\"\"" : std::string{c};
    }
    query += '"';
    at = end;
  }
  if (query.empty()) fail(Code::invalid, "there is no word to search for");
  return query;
}

}  // namespace actogram
