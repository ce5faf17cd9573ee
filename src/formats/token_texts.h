// What token ids stand for, where a model's tokenizer is at hand.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "model/llama_model.h"
#include "model/llama_tokenizer.h"

namespace actogram {

class TokenTexts {
 public:
  explicit TokenTexts(const std::string& tokenizer);  // a GGUF file; empty: ids have no text

  // Appends to `text` what they stand for; without a tokenizer they cover no bytes.
  std::vector<Token> tokens_of(std::span<const int32_t> ids, std::string& text) const;

 private:
  std::optional<LlamaModel> model_;
  std::optional<LlamaTokenizer> tokenizer_;
};

}  // namespace actogram
