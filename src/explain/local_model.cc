#include "explain/local_model.h"

#include <algorithm>

#include "actogram/error.h"
#include "codec/utf8.h"
#include "explain/accepted_messages.h"
#include "llm/json_grammar.h"

namespace actogram {
namespace {

using Special = Tokenizer::Special;

std::vector<int32_t> ids_of(std::span<const Token> tokens) {
  std::vector<int32_t> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

// The token that ends at each of `ends`, the last one where there are several; empty where one of
// them is inside a token.
std::vector<size_t> tokens_that_end(std::span<const Token> tokens, std::span<const size_t> ends) {
  std::vector<size_t> found;
  size_t i = 0;
  for (const size_t end : ends) {
    while (i + 1 < tokens.size() && tokens[i + 1].end <= end) ++i;
    if (i >= tokens.size() || tokens[i].end != end) return {};
    found.push_back(i);
  }
  return found;
}

}  // namespace

LocalModel::LocalModel(const LocalModelOptions& options)
    : model_(options.path, LlamaModel::Load::weights),
      tokenizer_(model_),
      generator_(model_, {.context = options.context}) {}

std::string LocalModel::name() const { return model_.path().filename().string(); }

std::vector<Token> LocalModel::tokens_of(const std::string& text, Special special) const {
  std::vector<Token> tokens;
  const auto bos = tokenizer_.bos();
  tokenizer_.tokenize(text, special, tokens);
  const bool has_bos = !tokens.empty() && tokens.front().id == bos;
  if (tokenizer_.adds_bos() && !has_bos) tokens.insert(tokens.begin(), Token{*bos, 0, 0});
  return tokens;
}

// As the tokenizer has it where no token lies across a cut, and piece by piece where one does.
std::vector<Token> LocalModel::tokens_cut_at(const std::string& text,
                                             std::span<const size_t> cuts) const {
  std::vector<Token> tokens = tokens_of(text, Special::parse);
  if (!tokens_that_end(tokens, cuts).empty()) return tokens;
  tokens = tokens_of(text.substr(0, cuts.front()), Special::parse);
  for (size_t i = 0; i < cuts.size(); ++i) {
    const size_t end = i + 1 < cuts.size() ? cuts[i + 1] : text.size();
    const size_t n_before = tokens.size();
    tokenizer_.tokenize(text.substr(cuts[i], end - cuts[i]), Special::parse, tokens);
    for (size_t t = n_before; t < tokens.size(); ++t) {
      tokens[t].begin += cuts[i], tokens[t].end += cuts[i];
    }
  }
  return tokens;
}

std::vector<Message> LocalModel::messages_of(const std::vector<Message>& messages) const {
  return accepted_messages(messages,
                           [&](std::span<const Message> some) { tokenizer_.open_chat(some); });
}

// Of all but the last message, as far as the tokens are the same: one is left to be run.
size_t LocalModel::shared_tokens(std::span<const Message> messages,
                                 std::span<const int32_t> tokens) const {
  if (messages.size() < 2) return 0;
  std::vector<int32_t> before;
  try {
    const std::string text = tokenizer_.apply_chat_template(messages.first(messages.size() - 1));
    before = ids_of(tokens_of(text, Special::parse));
  } catch (const Error&) {  // a template that wants the user's turn last
    return 0;
  }
  const auto end = std::ranges::mismatch(before, tokens).in1;
  return std::min<size_t>(static_cast<size_t>(end - before.begin()), tokens.size() - 1);
}

ChatReply LocalModel::ask(const ChatRequest& request) {
  const std::vector<Message> messages = messages_of(request.messages);
  TokenisedQuestion question;
  question.tokens = ids_of(tokens_of(tokenizer_.open_chat(messages), Special::parse));
  question.n_shared = shared_tokens(messages, question.tokens);
  const AnswerOptions options{
      .temperature = request.options.temperature,
      .seed = request.options.seed,
      .most_tokens = request.options.max_tokens,
      .grammar = request.schema.is_null() ? "" : json_grammar(request.schema)};
  const std::lock_guard lock(mutex_);
  const WrittenAnswer answer = generator_.answer(question, options);
  if (!answer.complete) {
    fail(Code::corrupt, "{}: the answer was cut at {} tokens, {}", name(), answer.n_tokens,
         answer.n_tokens == options.most_tokens ? "the limit that was asked for"
                                                : "where the context ends");
  }
  if (answer.text.empty()) fail(Code::corrupt, "{}: the answer is empty", name());
  if (first_invalid_byte(answer.text) != answer.text.size()) {
    fail(Code::corrupt, "{}: the answer is not UTF-8", name());
  }
  return {.text = answer.text,
          .model = name(),
          .prompt_tokens = question.tokens.size(),
          .answer_tokens = answer.n_tokens};
}

// As the text before a place goes on with it.
std::vector<int32_t> LocalModel::choice_tokens(const std::string& lead,
                                               const std::string& choice) const {
  std::vector<Token> tokens;
  tokenizer_.tokenize(lead + choice, Special::as_text, tokens);
  std::vector<int32_t> ids;
  for (const Token& token : tokens) {
    if (token.begin >= lead.size()) ids.push_back(token.id);
  }
  const bool is_cut = !tokens_that_end(tokens, std::vector{lead.size()}).empty();
  if (ids.empty() || !is_cut) {
    fail(Code::unsupported, "{}: its tokenizer has no tokens of their own for \"{}\"", name(),
         choice);
  }
  return ids;
}

ChoiceReply LocalModel::weigh(const ChoiceRequest& request) {
  if (request.places.empty()) fail(Code::invalid, "there is no place to weigh choices at");
  const std::vector<Message> messages = messages_of(request.messages);
  const std::string opened = tokenizer_.open_chat(messages);
  std::vector<size_t> cuts;
  for (const size_t place : request.places) cuts.push_back(opened.size() + place);
  const std::vector<Token> tokens = tokens_cut_at(opened + request.turn, cuts);
  const std::vector<size_t> places = tokens_that_end(tokens, cuts);
  if (places.empty()) {
    fail(Code::unsupported, "{}: its tokenizer joins what stands on both sides of a place", name());
  }
  std::vector<std::vector<int32_t>> choices;
  for (const std::string& choice : request.choices) {
    const std::string lead = request.turn.substr(request.places.front() - 1, 1);
    choices.push_back(choice_tokens(lead, choice));
  }
  TokenisedQuestion question;
  question.tokens = ids_of(tokens);
  question.tokens.resize(places.back() + 1);  // what follows the last place is not asked about
  question.n_shared = std::min(shared_tokens(messages, question.tokens), places.front());
  const std::lock_guard lock(mutex_);
  return {generator_.weigh(question, places, choices), question.tokens.size()};
}

EmbeddingReply LocalModel::embed(std::span<const std::string> texts) {
  EmbeddingReply reply;
  const std::lock_guard lock(mutex_);
  if (!embedder_) embedder_.emplace(model_, 0);
  for (const std::string& text : texts) {
    const std::vector<int32_t> tokens = ids_of(tokens_of(text, Special::as_text));
    reply.vectors.push_back(embedder_->embed(tokens));
    reply.n_tokens += tokens.size();
  }
  return reply;
}

}  // namespace actogram
