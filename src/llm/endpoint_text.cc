#include "llm/endpoint_text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "codec/utf8.h"

namespace actogram {
namespace {

using std::chrono::milliseconds;

constexpr double kLongestWait = 24 * 3600;  // seconds; more is a mistake of the host's
constexpr int kTopTokens = 15;              // hosts give up to 20

std::optional<double> number_at(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && (text[n] == '.' || (text[n] >= '0' && text[n] <= '9'))) ++n;
  if (n == 0 || n > 18) return std::nullopt;
  const double number = std::strtod(std::string(text.substr(0, n)).c_str(), nullptr);
  text.remove_prefix(n);
  return number;
}

// "20", "1m30s", "250ms"; a number without a unit is in seconds.
std::optional<milliseconds> duration_of(std::string_view text) {
  double seconds = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = number_at(text);
    if (!number) return std::nullopt;
    const size_t unit_bytes = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view unit = text.substr(0, unit_bytes);
    text.remove_prefix(unit_bytes);
    if (unit == "ms") {
      seconds += *number / 1000;
    } else if (unit == "s" || unit.empty()) {
      seconds += *number;
    } else if (unit == "m") {
      seconds += *number * 60;
    } else if (unit == "h") {
      seconds += *number * 3600;
    } else {
      return std::nullopt;
    }
  }
  return milliseconds(std::llround(std::min(seconds, kLongestWait) * 1000));
}

std::string_view value_of(const std::map<std::string, std::string>& headers, const char* name) {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : std::string_view(found->second);
}

// What is of another shape than OpenAI's says nothing.
std::vector<TokenChance> first_token_of(const Json& choice) {
  const auto inside = [](const Json* object, const char* key) -> const Json* {
    if (object == nullptr || !object->is_object()) return nullptr;
    const auto found = object->find(key);
    return found == object->end() ? nullptr : &*found;
  };
  const Json* content = inside(inside(&choice, "logprobs"), "content");
  if (content == nullptr || !content->is_array() || content->empty()) return {};
  const Json* top = inside(&content->front(), "top_logprobs");
  if (top == nullptr || !top->is_array()) return {};
  std::vector<TokenChance> chances;
  for (const Json& entry : *top) {
    const Json* token = inside(&entry, "token");
    const Json* logarithm = inside(&entry, "logprob");
    if (token == nullptr || logarithm == nullptr) continue;
    if (!token->is_string() || !logarithm->is_number()) continue;
    const double chance = std::exp(std::min(logarithm->get<double>(), 0.0));
    if (chance > 0) chances.push_back({token->get<std::string>(), chance});
  }
  return chances;
}

uint64_t count_of(const Json& reply, const char* key) {
  const auto usage = reply.find("usage");
  if (usage == reply.end() || !usage->is_object()) return 0;
  const auto count = usage->find(key);
  return count != usage->end() && count->is_number_unsigned() ? count->get<uint64_t>() : 0;
}

}  // namespace

std::string chat_body(const ChatRequest& request, std::string_view model, SchemaUse schema) {
  Json messages = Json::array();
  for (const auto& [role, content] : request.messages) {
    messages.push_back({{"role", role}, {"content", content}});
  }
  Json body = {{"model", model},
               {"messages", std::move(messages)},
               {"temperature", request.options.temperature},
               {"max_tokens", request.options.max_tokens},
               {"seed", request.options.seed}};
  if (!request.schema.is_null() && schema == SchemaUse::asked_for) {
    body["response_format"] = {
        {"type", "json_schema"},
        {"json_schema",
         {{"name", request.schema_name}, {"strict", true}, {"schema", request.schema}}}};
  }
  if (!request.schema.is_null() && schema == SchemaUse::as_object) {
    body["response_format"] = {{"type", "json_object"}, {"schema", request.schema}};
  }
  if (request.wants_chances && schema != SchemaUse::left_out) {
    body["logprobs"] = true;
    body["top_logprobs"] = kTopTokens;
  }
  return to_text(body);
}

ChatReply read_chat_reply(std::string_view body, const std::string& what) {
  const Json reply = parse_json(body, what);
  const Json& choices = member(reply, "choices", what);
  if (!choices.is_array() || choices.empty()) {
    fail_type(choices, "a list with an answer", "choices", what);
  }
  const Json& message = member(choices.front(), "message", what);
  ChatReply read;
  read.text = field<std::string>(message, "content", what);
  const auto finish = choices.front().find("finish_reason");
  if (finish != choices.front().end() && *finish == "length") {
    fail(Code::corrupt, "{}: the answer was cut at the limit of its tokens", what);
  }
  if (finish != choices.front().end() && *finish == "content_filter") {
    fail(Code::corrupt, "{}: the host's content filter withheld the answer", what);
  }
  if (read.text.empty()) fail(Code::corrupt, "{}: the answer is empty", what);
  const auto model = reply.find("model");
  if (model != reply.end() && model->is_string()) read.model = model->get<std::string>();
  read.prompt_tokens = count_of(reply, "prompt_tokens");
  read.answer_tokens = count_of(reply, "completion_tokens");
  read.first_token = first_token_of(choices.front());
  return read;
}

std::string embeddings_body(std::span<const std::string> texts, std::string_view model) {
  Json input = Json::array();
  for (const std::string& text : texts) input.push_back(text);
  return to_text(Json{{"model", model}, {"input", std::move(input)}, {"encoding_format", "float"}});
}

EmbeddingReply read_embeddings(std::string_view body, size_t n, const std::string& what) {
  const Json reply = parse_json(body, what);
  const Json& data = member(reply, "data", what);
  if (!data.is_array() || data.size() != n) {
    fail_type(data, fmt::format("a list of {} embeddings", n), "data", what);
  }
  EmbeddingReply read{.vectors = std::vector<std::vector<float>>(n),
                      .n_tokens = count_of(reply, "prompt_tokens")};
  for (const Json& entry : data) {
    const auto index = field<size_t>(entry, "index", what);
    const Json& numbers = member(entry, "embedding", what);
    if (index >= n || !read.vectors[index].empty()) {
      fail(Code::corrupt, "{}: an embedding of text {}; expected each of 0 to {} once", what, index,
           n - 1);
    }
    if (!numbers.is_array() || numbers.empty()) {
      fail_type(numbers, "a list of numbers", "embedding", what);
    }
    for (const Json& number : numbers) {
      const double value = number.is_number() ? number.get<double>() : std::nan("");
      const bool fits = std::abs(value) <= std::numeric_limits<float>::max();  // not where NaN
      if (!fits) fail_type(number, "a number", "embedding", what);
      read.vectors[index].push_back(static_cast<float>(value));
    }
  }
  const size_t length = read.vectors.empty() ? 0 : read.vectors.front().size();
  for (const auto& vector : read.vectors) {
    if (vector.size() != length) {
      fail(Code::corrupt, "{}: embeddings of {} and of {} numbers; expected one length", what,
           length, vector.size());
    }
  }
  return read;
}

std::string error_text(std::string_view body) {
  constexpr size_t kMostBytes = 300;
  std::string text(body.substr(0, 4 * kMostBytes));
  if (!body.empty() && body.front() == '{') {
    try {
      const Json json = parse_json(body, "");
      const Json& error = member(json, "error", "");
      text =
          error.is_string() ? error.get<std::string>() : field<std::string>(error, "message", "");
    } catch (const Error&) {  // then it is shown as it is
    }
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  text = printable(text);
  if (text.size() > kMostBytes) text.resize(character_start(text, kMostBytes));
  return text;
}

std::optional<milliseconds> asked_wait(const std::map<std::string, std::string>& headers) {
  if (const std::string_view text = value_of(headers, "retry-after-ms"); !text.empty()) {
    if (const auto wait = duration_of(std::string(text) + "ms")) return wait;
  }
  if (const auto wait = duration_of(value_of(headers, "retry-after"))) return wait;
  std::optional<milliseconds> longest;
  for (const char* kind : {"requests", "tokens"}) {
    const std::string remaining = std::string("x-ratelimit-remaining-") + kind;
    if (value_of(headers, remaining.c_str()) != "0") continue;
    const auto wait =
        duration_of(value_of(headers, (std::string("x-ratelimit-reset-") + kind).c_str()));
    if (wait && (!longest || *wait > *longest)) longest = wait;
  }
  return longest;
}

}  // namespace actogram
