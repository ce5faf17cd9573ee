// The words of a text as full text search has them: by SQLite's own tokenizer, with which FTS5
// indexes unless it is told otherwise (unicode61: letters folded, those of Latin without their
// marks, and all but letters and digits is between words). So a text that is read where it lies is
// found by the words by which an index finds it. ASCII alone, nearly all texts, is done here, in
// half the time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "store/sqlite.h"

namespace actogram {

// One thread.
class FoldedWords {
 public:
  FoldedWords();

  // Adds " rain on the roof " for "Rain, on the ROOF!", " " where there is no word: words that
  // follow each other are in a text where their line is in the text's line.
  void append(std::string_view text, std::string& line) const;

 private:
  Database nothing_;  // that the tokenizer is asked of
  fts5_tokenizer calls_ = {};
  std::unique_ptr<Fts5Tokenizer, void (*)(Fts5Tokenizer*)> tokenizer_;
};

}  // namespace actogram
