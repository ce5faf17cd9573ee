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
  Json request = {{"model", model},
                  {"parameters", parameters_json(options)},
                  {"schema", prompt.schema},
                  {"messages", std::move(messages)}};
  if (!prompt.choices.empty()) request["choices"] = prompt.choices;
  return to_text(request);
}

// With the chances of the choices, where the model told any: of tokens that are one but for spaces
// before it.
std::string answer_text(const ChatReply& reply, const Prompt& prompt) {
  Json chances = Json::object();
  double all = 0;
  for (const std::string& choice : prompt.choices) {
    double sum = 0;
    for (const auto& [token, chance] : reply.first_token) {
      const size_t first = token.find_first_not_of(' ');
      if (first != token.npos && token.substr(first) == choice) sum += chance;
    }
    chances[choice] = sum, all += sum;
  }
  return all > 0 ? to_text(Json{{"answer", reply.text}, {"chances", std::move(chances)}})
                 : reply.text;
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
                                      .options = options_,
                                      .wants_chances = !prompt.choices.empty()});
  ++n_asked_;
  n_tokens_ += reply.prompt_tokens + reply.answer_tokens;
  const std::string text = answer_text(reply, prompt);
  check(text);
  store_.keep_answer(hash, request, {text, reply.model, reply.prompt_tokens, reply.answer_tokens});
  return {text, hash};
}

}  // namespace actogram
