// A GGUF file as a model to ask, in this process: its own chat template, its own tokens, answers
// that a grammar keeps to their schema. One question at a time, each on all cores.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "llm/chat.h"
#include "llm/choices.h"
#include "llm/embeddings.h"
#include "model/llama_embedder.h"
#include "model/llama_generator.h"
#include "model/llama_model.h"
#include "model/llama_tokenizer.h"

namespace actogram {

struct LocalModelOptions {
  std::filesystem::path path;
  uint32_t context = 0;  // tokens; 0: as trained, but 8,192 at most
};

class LocalModel : public ChatModel, public ChoiceModel, public EmbeddingModel {
 public:
  // Error{not_found, corrupt, invalid, unsupported} where the file cannot be asked.
  explicit LocalModel(const LocalModelOptions& options);

  // The file's name, by which answers are found again: another file needs another.
  std::string name() const override;
  ChatReply ask(const ChatRequest& request) override;
  ChoiceModel* choices() override { return this; }
  ChoiceReply weigh(const ChoiceRequest& request) override;
  EmbeddingModel* embeddings() override { return this; }
  EmbeddingReply embed(std::span<const std::string> texts) override;

 private:
  std::vector<Message> messages_of(const std::vector<Message>& messages) const;
  std::vector<Token> tokens_of(const std::string& text, Tokenizer::Special special) const;
  std::vector<Token> tokens_cut_at(const std::string& text, std::span<const size_t> cuts) const;
  size_t shared_tokens(std::span<const Message> messages, std::span<const int32_t> tokens) const;
  std::vector<int32_t> choice_tokens(const std::string& lead, const std::string& choice) const;

  LlamaModel model_;
  LlamaTokenizer tokenizer_;
  std::mutex mutex_;  // guards the next two
  LlamaGenerator generator_;
  std::optional<LlamaEmbedder> embedder_;  // once it is asked for
};

}  // namespace actogram
