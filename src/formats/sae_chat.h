// The prompts of a data set of SAE activations as the model read them: JSON messages through its
// chat template, any other text as it is, and the tokens of that.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/tokenizer.h"
#include "actogram/types.h"

namespace actogram {

class LlamaModel;

// The turns of [{"role": ..., "content": ...}, ...]; nothing where the text is something else. A
// null content is "". Error{unsupported} for content that is no text; `where` names the prompt.
std::optional<std::vector<Message>> messages_of(std::string_view prompt, const std::string& where);

struct ReadPrompt {
  std::string text;
  std::vector<Token> tokens;  // offsets are of `text`
};

// Threads: may be used by several at once.
class PromptTokenizer {
 public:
  explicit PromptTokenizer(const std::string& gguf);  // only its vocabulary is loaded
  ~PromptTokenizer();

  ReadPrompt read(std::string_view prompt, const std::string& where) const;

 private:
  std::unique_ptr<LlamaModel> model_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace actogram
