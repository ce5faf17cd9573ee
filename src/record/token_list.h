// A text's tokens as the recorder will see them: for people who wonder where a position is.
#pragma once

#include <string>
#include <vector>

#include "record/corpus_pass.h"

namespace actogram {

struct ListedToken {
  uint32_t sequence = 0;
  uint32_t position = 0;
  int32_t id = 0;
  uint64_t begin = 0;  // bytes of the text
  uint64_t end = 0;
  std::string piece;  // what the vocabulary says the token stands for, readable
};

std::vector<ListedToken> list_tokens(const std::string& model, const std::string& text,
                                     const SequenceOptions& options);
std::string to_json_text(const std::vector<ListedToken>& tokens);

}  // namespace actogram
