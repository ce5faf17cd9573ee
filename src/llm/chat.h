// A language model that answers messages, wherever it runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "codec/json.h"

namespace actogram {

// Temperature 0 and a seed make an answer repeatable as far as the model's host does.
struct ChatOptions {
  double temperature = 0;
  uint32_t max_tokens = 1000;  // of the answer; one that is cut there is a failure
  uint64_t seed = 0;
};

struct ChatRequest {
  std::vector<Message> messages;
  std::string schema_name;
  Json schema;  // that the answer is to match; null: any text
  ChatOptions options;
  bool wants_chances = false;  // of the tokens that the answer could have begun with
};

// A token and how likely it was, in (0, 1].
struct TokenChance {
  std::string text;
  double chance = 0;
};

struct ChatReply {
  std::string text;
  std::string model;  // as the host calls it
  uint64_t prompt_tokens = 0;
  uint64_t answer_tokens = 0;
  // Of the answer's first token, where that was asked for and the host tells: not all there are.
  std::vector<TokenChance> first_token = {};
};

class ChoiceModel;     // llm/choices.h
class EmbeddingModel;  // llm/embeddings.h

class ChatModel {
 public:
  virtual ~ChatModel() = default;

  virtual std::string name() const = 0;
  // Thread-safe. Error{environment, corrupt, invalid, unsupported} where there is no answer; what
  // it says was asked for by schema is not checked here.
  virtual ChatReply ask(const ChatRequest& request) = 0;

  // What else it can do; null where it cannot. They live as long as the model.
  virtual ChoiceModel* choices() { return nullptr; }
  virtual EmbeddingModel* embeddings() { return nullptr; }
};

}  // namespace actogram
