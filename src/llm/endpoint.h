// A model behind an endpoint that speaks OpenAI's chat completions and embeddings: hosted ones,
// llama.cpp's server, vLLM, Ollama.
//
// What may pass is tried again (no connection, a cut one, a time-out, 408, 409, 429, 5xx), later
// each time by twice as much, with jitter, or as late as the host asks, and then all threads wait.
// What will not pass (any other 4xx, a certificate that is not trusted) fails at once. A host whose
// error names `response_format`, whatever its status, is asked in the other form from then on, and
// if that is refused too, without it; one that names `logprobs` is asked without either.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "llm/chat.h"
#include "llm/embeddings.h"
#include "llm/endpoint_text.h"

namespace actogram {

struct EndpointOptions {
  std::string url;    // "http://localhost:8080/v1"
  std::string model;  // as the host calls it
  // Sent as a bearer token, over TLS or to this machine only; in no message and no file.
  std::string key;
  std::chrono::milliseconds timeout{120'000};  // of one attempt
  uint32_t n_attempts = 6;
  std::chrono::milliseconds first_wait{1'000};
  std::chrono::milliseconds longest_wait{60'000};  // a host that asks for more is a failure
};

class Endpoint : public ChatModel, public EmbeddingModel {
 public:
  // Error{invalid} for a key that would go over the network in the clear.
  explicit Endpoint(EndpointOptions options);

  std::string name() const override { return options_.model; }
  ChatReply ask(const ChatRequest& request) override;
  EmbeddingModel* embeddings() override { return this; }
  EmbeddingReply embed(std::span<const std::string> texts) override;

 private:
  using Clock = std::chrono::steady_clock;
  using Body = std::function<std::string(SchemaUse)>;
  struct Attempt;

  std::string answer_of(const char* path, const Body& body);
  Attempt attempt(const char* path, const Body& body);
  std::string without_key(std::string text) const;
  std::chrono::milliseconds wait_after(uint32_t n_failed);
  void wait_for_turn();
  void hold_all_until(Clock::time_point when);

  EndpointOptions options_;
  std::atomic<SchemaUse> schema_use_ = SchemaUse::asked_for;
  std::mutex mutex_;              // guards the next two
  Clock::time_point open_again_;  // the host asked for patience until then
  uint64_t n_waits_ = 0;
};

}  // namespace actogram
