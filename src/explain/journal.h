// Asks a model, once for each question ever: every answer is kept as soon as it is there, so a run
// that was stopped asks only what is left.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "explain/prompt.h"
#include "llm/chat.h"
#include "store/explanation_store.h"

namespace actogram {

struct JournalledAnswer {
  std::string text;
  std::string request_hash;
};

// Thread-safe.
class Journal {
 public:
  Journal(ExplanationStore& store, ChatModel& model, const ChatOptions& options)
      : store_(store), model_(model), options_(options) {}

  // As the model gave it; to a prompt with choices {"answer": as it gave it, "chances": {CHOICE:
  // its chance}}, where the model tells any. `check` throws Error for an answer that is not what
  // the prompt asks for; such a one is not kept, so the next run asks again.
  JournalledAnswer ask(const Prompt& prompt, const std::function<void(std::string_view)>& check);

  // The same for what is asked otherwise: `question` is all that the answer depends on besides the
  // model's name.
  JournalledAnswer ask_once(const Json& question, const std::function<ChatReply(ChatModel&)>& ask,
                            const std::function<void(std::string_view)>& check);

  // What else may be asked of it; null where nothing may.
  ChoiceModel* choices() const { return model_.choices(); }
  EmbeddingModel* embeddings() const { return model_.embeddings(); }

  std::string model_name() const { return model_.name(); }
  Json parameters() const;

  uint64_t n_asked() const { return n_asked_; }    // of the model, in this run
  uint64_t n_known() const { return n_known_; }    // answered before
  uint64_t n_tokens() const { return n_tokens_; }  // read and written by the model, in this run

 private:
  ExplanationStore& store_;
  ChatModel& model_;
  ChatOptions options_;
  std::atomic<uint64_t> n_asked_ = 0, n_known_ = 0, n_tokens_ = 0;
};

}  // namespace actogram
