#include "formats/sae_chat.h"

#include <limits>

#include "codec/json.h"
#include "corpus/sequencer.h"
#include "model/llama_model.h"
#include "model/llama_tokenizer.h"

namespace actogram {
namespace {

// Nothing where the text is no JSON: it is a prompt that only begins like some.
std::optional<Json> json_of(std::string_view text, const std::string& where) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos || text[begin] != '[') return std::nullopt;
  try {
    return parse_json(text, where);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool is_turn(const Json& json) {
  return json.is_object() && json.contains("role") && json.contains("content");
}

}  // namespace

std::optional<std::vector<Message>> messages_of(std::string_view prompt, const std::string& where) {
  const auto json = json_of(prompt, where);
  if (!json || json->empty() || !std::ranges::all_of(*json, is_turn)) return std::nullopt;
  std::vector<Message> messages;
  for (const Json& turn : *json) {
    const Json &role = turn.at("role"), &content = turn.at("content");
    if (!role.is_string() || !(content.is_string() || content.is_null())) {
      fail(Code::unsupported, "{}: \"prompt\": message {}: role and content that are not text",
           where, messages.size());
    }
    messages.push_back(
        {role.get<std::string>(), content.is_null() ? std::string() : content.get<std::string>()});
  }
  return messages;
}

PromptTokenizer::PromptTokenizer(const std::string& gguf)
    : model_(std::make_unique<LlamaModel>(gguf, LlamaModel::Load::vocabulary)),
      tokenizer_(std::make_unique<LlamaTokenizer>(*model_)) {}
PromptTokenizer::~PromptTokenizer() = default;

ReadPrompt PromptTokenizer::read(std::string_view prompt, const std::string& where) const {
  Sequencer sequencer(*tokenizer_, {.context = std::numeric_limits<uint32_t>::max()});
  Document document;
  if (auto messages = messages_of(prompt, where)) {
    document.messages = std::move(*messages);
  } else {
    document.text = prompt;
  }
  sequencer.start(std::move(document));
  auto sequence = sequencer.next();
  return {sequencer.document().text, sequence ? std::move(sequence->tokens) : std::vector<Token>()};
}

}  // namespace actogram
