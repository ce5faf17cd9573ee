#include "store/folded_words.h"

#include <algorithm>
#include <array>
#include <new>

#include "actogram/error.h"

namespace actogram {
namespace {

bool is_ascii(std::string_view text) {
  uint8_t bits = 0;
  for (const char c : text) bits |= static_cast<uint8_t>(c);
  return bits < 0x80;
}

// Letters and digits are words.
constexpr std::array<char, 128> kFolded = [] {
  std::array<char, 128> folded{};
  folded.fill(' ');
  for (uint8_t c = '0'; c <= '9'; ++c) folded[c] = static_cast<char>(c);
  for (uint8_t c = 'a'; c <= 'z'; ++c) folded[c] = static_cast<char>(c);
  for (uint8_t c = 'A'; c <= 'Z'; ++c) folded[c] = static_cast<char>(c - 'A' + 'a');
  return folded;
}();

// Requires: a line that ends in a blank. Without a branch for what is between words, where many
// would be mispredicted.
void append_ascii(std::string_view text, std::string& line) {
  size_t end = line.size();
  line.resize(end + text.size() + 1);
  char last = ' ';
  for (const char c : text) {
    const char folded = kFolded[static_cast<uint8_t>(c)];
    line[end] = folded;
    end += folded != ' ' || last != ' ' ? 1 : 0;
    last = folded;
  }
  if (last != ' ') line[end++] = ' ';
  line.resize(end);
}

int append_token(void* line, int /*flags*/, const char* token, int n_bytes, int /*begin*/,
                 int /*end*/) noexcept {
  try {
    static_cast<std::string*>(line)->append(token, static_cast<size_t>(n_bytes)).push_back(' ');
    return SQLITE_OK;
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

}  // namespace

FoldedWords::FoldedWords() : nothing_(":memory:", Database::Mode::read), tokenizer_({}, nullptr) {
  fts5_api* search = nothing_.full_text_search();
  void* context = nullptr;
  Fts5Tokenizer* made = nullptr;
  if (search->xFindTokenizer(search, "unicode61", &context, &calls_) != SQLITE_OK ||
      calls_.xCreate(context, nullptr, 0, &made) != SQLITE_OK) {
    fail(Code::environment, "SQLite's tokenizer does not start");
  }
  tokenizer_ = {made, calls_.xDelete};
}

void FoldedWords::append(std::string_view text, std::string& line) const {
  line += ' ';
  if (is_ascii(text)) return append_ascii(text, line);
  const int status = calls_.xTokenize(tokenizer_.get(), &line, FTS5_TOKENIZE_DOCUMENT, text.data(),
                                      static_cast<int>(text.size()), append_token);
  if (status != SQLITE_OK) fail(Code::environment, "SQLite cannot split a text into its words");
}

}  // namespace actogram
