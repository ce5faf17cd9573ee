#include "store/search_words.h"

#include <algorithm>

#include "actogram/error.h"

namespace actogram {

std::vector<std::string> search_words(std::string_view text) {
  constexpr std::string_view kBetween = " \t\r\n";
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t first = text.find_first_not_of(kBetween, at);
    if (first == text.npos) break;
    const size_t end = std::min(text.find_first_of(kBetween, first), text.size());
    std::erase(words.emplace_back(text.substr(first, end - first)), '\0');
    at = end;
  }
  if (words.empty()) fail(Code::invalid, "there is no word to search for");
  return words;
}

std::string quoted_words(std::string_view text) {
  std::string query;
  for (const std::string& word : search_words(text)) {
    query += query.empty() ? "\"" : " \"";
    for (const char c : word) query += c == '"' ? "\"\"" : std::string{c};
    query += '"';
  }
  return query;
}

}  // namespace actogram
