#include "formats/token_texts.h"

namespace actogram {

TokenTexts::TokenTexts(const std::string& tokenizer) {
  if (tokenizer.empty()) return;
  model_.emplace(tokenizer, LlamaModel::Load::vocabulary);
  tokenizer_.emplace(*model_);
}

std::vector<Token> TokenTexts::tokens_of(std::span<const int32_t> ids, std::string& text) const {
  std::vector<Token> tokens;
  for (const int32_t id : ids) {
    const uint64_t begin = text.size();
    if (tokenizer_) text += tokenizer_->piece(id);
    tokens.push_back({id, begin, text.size()});
  }
  return tokens;
}

}  // namespace actogram
