#include "explain/journal.h"

#include "base/hash.h"

namespace actogram {

Json Journal::parameters() const {
  return {{"temperature", options_.temperature},
          {"max_tokens", options_.max_tokens},
          {"seed", options_.seed}};
}

namespace {

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

JournalledAnswer Journal::ask(const Prompt& prompt,
                              const std::function<void(std::string_view)>& check) {
  Json messages = Json::array();
  for (const auto& [role, content] : prompt.messages) messages.push_back({role, content});
  const auto ask = [&](ChatModel& model) {
    ChatReply reply = model.ask({.messages = prompt.messages,
                                 .schema_name = prompt.schema_name,
                                 .schema = prompt.schema,
                                 .options = options_,
                                 .wants_chances = !prompt.choices.empty()});
    reply.text = answer_text(reply, prompt);
    return reply;
  };
  Json question = {
      {"parameters", parameters()}, {"schema", prompt.schema}, {"messages", std::move(messages)}};
  if (!prompt.choices.empty()) question["choices"] = prompt.choices;
  return ask_once(question, ask, check);
}

JournalledAnswer Journal::ask_once(const Json& question,
                                   const std::function<ChatReply(ChatModel&)>& ask,
                                   const std::function<void(std::string_view)>& check) {
  Json whole = {{"model", model_.name()}};
  whole.update(question);
  const std::string request = to_text(whole);
  const std::string hash = sha256_of(request);
  if (auto known = store_.answer(hash)) {
    check(known->text);
    ++n_known_;
    return {std::move(known->text), hash};
  }
  const ChatReply reply = ask(model_);
  ++n_asked_;
  n_tokens_ += reply.prompt_tokens + reply.answer_tokens;
  check(reply.text);
  store_.keep_answer(hash, request,
                     {reply.text, reply.model, reply.prompt_tokens, reply.answer_tokens});
  return {reply.text, hash};
}

}  // namespace actogram
