#include "llm/endpoint.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/hash.h"
#include "llm/http_post.h"

namespace actogram {
namespace {

using std::chrono::milliseconds;
using Outcome = HttpAnswer::Outcome;

constexpr size_t kMostBytes = 16 << 20;  // of an answer

bool is_on_this_machine(std::string_view url) {
  for (const std::string_view host : {"http://localhost", "http://127.0.0.1", "http://[::1]"}) {
    if (!url.starts_with(host)) continue;
    const std::string_view rest = url.substr(host.size());
    return rest.empty() || rest.front() == ':' || rest.front() == '/';
  }
  return false;
}

SchemaUse next_after(SchemaUse use) {
  return use == SchemaUse::asked_for ? SchemaUse::as_object : SchemaUse::left_out;
}

bool may_pass(int status) {
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

std::string_view words_for(Outcome outcome) {
  switch (outcome) {
    case Outcome::unreachable:
      return "no connection";
    case Outcome::timed_out:
      return "no answer in time";
    case Outcome::too_large:
      return "the answer is larger than 16 MB";
    case Outcome::not_trusted:
      return "the host's certificate is not trusted";
    case Outcome::cut_off:
    case Outcome::answered:
      break;
  }
  return "the connection was cut";
}

}  // namespace

// Either a body, or why there is none.
struct Endpoint::Attempt {
  std::optional<std::string> body;
  std::string problem;
  bool may_pass = false;
  std::optional<milliseconds> asked_wait = std::nullopt;
};

Endpoint::Endpoint(EndpointOptions options) : options_(std::move(options)) {
  while (options_.url.ends_with('/')) options_.url.pop_back();
  const size_t host = options_.url.find("://");
  const std::string_view authority =
      std::string_view(options_.url)
          .substr(host == std::string::npos ? 0 : std::min(host + 3, options_.url.size()));
  if (authority.substr(0, authority.find('/')).find('@') != std::string_view::npos) {
    fail(Code::invalid,
         "the address of the model holds a user's name; keys come from the environment");
  }
  const bool safe = options_.url.starts_with("https://") || is_on_this_machine(options_.url);
  if (!options_.key.empty() && !safe) {
    fail(Code::invalid, "{}: a key is not sent over the network in the clear; write https://",
         options_.url);
  }
  const bool header_safe =
      std::ranges::none_of(options_.key, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!header_safe)
    fail(Code::invalid, "the key for {} holds a line end or a control", options_.url);
}

// A host may repeat the key in what it complains of.
std::string Endpoint::without_key(std::string text) const {
  if (options_.key.empty()) return text;
  for (size_t at = text.find(options_.key); at != text.npos; at = text.find(options_.key, at)) {
    text.replace(at, options_.key.size(), "***");
    at += 3;
  }
  return text;
}

Endpoint::Attempt Endpoint::attempt(const char* path, const Body& body) {
  const SchemaUse schema_use = schema_use_;
  HttpPost request_post{.url = options_.url + path,
                        .headers = {"Content-Type: application/json", "Expect:"},
                        .body = body(schema_use),
                        .timeout = options_.timeout,
                        .most_bytes = kMostBytes};
  if (!options_.key.empty()) {
    request_post.headers.push_back("Authorization: Bearer " + options_.key);
  }
  HttpAnswer answer = post(request_post);
  if (answer.outcome != Outcome::answered) {
    const bool passes =
        answer.outcome != Outcome::too_large && answer.outcome != Outcome::not_trusted;
    return {.body = {},
            .problem = fmt::format("{} ({})", words_for(answer.outcome), answer.problem),
            .may_pass = passes};
  }
  if (answer.status == 200) return {.body = std::move(answer.body), .problem = ""};
  const std::string said = without_key(error_text(answer.body));
  const bool blames_chances = said.find("logprobs") != said.npos;
  const bool blames_schema = said.find("response_format") != said.npos;
  if (schema_use != SchemaUse::left_out && (blames_schema || blames_chances)) {
    SchemaUse used = schema_use;  // another thread may have gone on from there
    const SchemaUse next = blames_chances ? SchemaUse::left_out : next_after(schema_use);
    schema_use_.compare_exchange_strong(used, next);
    return attempt(path, body);
  }
  return {.body = {},
          .problem = fmt::format("HTTP status {}: {}", answer.status, said),
          .may_pass = may_pass(answer.status),
          .asked_wait = asked_wait(answer.headers)};
}

// Doubles, within a fifth either way, so that threads that failed together do not come back so.
milliseconds Endpoint::wait_after(uint32_t n_failed) {
  const std::lock_guard lock(mutex_);
  const auto now = static_cast<uint64_t>(Clock::now().time_since_epoch().count());
  const uint64_t drawn = mix64(now ^ mix64(++n_waits_)) >> 32;
  const double jitter = 0.8 + 0.4 * static_cast<double>(drawn) / 0x1p32;
  const auto doubled = options_.first_wait * (1ll << std::min(n_failed - 1, 20u));
  const auto bounded = std::min<milliseconds>(doubled, options_.longest_wait);
  return milliseconds(static_cast<int64_t>(static_cast<double>(bounded.count()) * jitter));
}

void Endpoint::wait_for_turn() {
  Clock::time_point until;
  {
    const std::lock_guard lock(mutex_);
    until = open_again_;
  }
  std::this_thread::sleep_until(until);
}

void Endpoint::hold_all_until(Clock::time_point when) {
  const std::lock_guard lock(mutex_);
  open_again_ = std::max(open_again_, when);
}

ChatReply Endpoint::ask(const ChatRequest& request) {
  const auto body = [&](SchemaUse use) { return chat_body(request, options_.model, use); };
  return read_chat_reply(answer_of("/chat/completions", body), options_.url);
}

EmbeddingReply Endpoint::embed(std::span<const std::string> texts) {
  const auto body = [&](SchemaUse) { return embeddings_body(texts, options_.model); };
  return read_embeddings(answer_of("/embeddings", body), texts.size(), options_.url);
}

std::string Endpoint::answer_of(const char* path, const Body& body) {
  for (uint32_t n_failed = 1;; ++n_failed) {
    wait_for_turn();
    Attempt made = attempt(path, body);
    if (made.body) return std::move(*made.body);
    const std::string problem = fmt::format("{}: {}", options_.url, made.problem);
    if (!made.may_pass) fail(Code::environment, "{}", problem);
    if (n_failed >= options_.n_attempts) {
      fail(Code::environment, "{}; tried {} times", problem, n_failed);
    }
    if (made.asked_wait && *made.asked_wait > options_.longest_wait) {
      fail(Code::environment, "{}; the host asks to wait {} s, longer than {} s", problem,
           made.asked_wait->count() / 1000, options_.longest_wait.count() / 1000);
    }
    if (made.asked_wait) {
      hold_all_until(Clock::now() + *made.asked_wait);
    } else {
      std::this_thread::sleep_for(wait_after(n_failed));
    }
  }
}

}  // namespace actogram
