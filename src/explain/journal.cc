#include "explain/journal.h"

#include "base/hash.h"

namespace actogram {
namespace {

Json parameters_json(const ChatOptions& options) {
  return {{"temperature", options.temperature},
          {"max_tokens", options.max_tokens},
          {"seed", options.seed}};
}

std::string request_text(const Prompt& prompt, const std::string& model,
                         const ChatOptions& options) {
  Json messages = Json::array();
  for (const auto& [role, content] : prompt.messages) messages.push_back({role, content});
  return to_text(Json{{"model", model},
                      {"parameters", parameters_json(options)},
                      {"schema", prompt.schema},
                      {"messages", std::move(messages)}});
}

}  // namespace

Json Journal::parameters() const { return parameters_json(options_); }

JournalledAnswer Journal::ask(const Prompt& prompt,
                              const std::function<void(std::string_view)>& check) {
  const std::string request = request_text(prompt, model_.name(), options_);
  const std::string hash = sha256_of(request);
  if (auto known = store_.answer(hash)) {
    check(known->text);
    ++n_known_;
    return {std::move(known->text), hash};
  }
  const ChatReply reply = model_.ask({.messages = prompt.messages,
                                      .schema_name = prompt.schema_name,
                                      .schema = prompt.schema,
                                      .options = options_});
  ++n_asked_;
  n_tokens_ += reply.prompt_tokens + reply.answer_tokens;
  check(reply.text);
  store_.keep_answer(hash, request,
                     {reply.text, reply.model, reply.prompt_tokens, reply.answer_tokens});
  return {reply.text, hash};
}

}  // namespace actogram
