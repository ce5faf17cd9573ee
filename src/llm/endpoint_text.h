// The JSON and the headers of an endpoint that speaks OpenAI's chat completions and embeddings:
// requests written, answers read. No network.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "llm/chat.h"
#include "llm/embeddings.h"

namespace actogram {

// Not every host knows response_format, and not all that do know it as OpenAI has it: as_object is
// {"type": "json_object", "schema": ...}, of llama.cpp's servers. Left out are it and logprobs.
enum class SchemaUse : uint8_t { asked_for, as_object, left_out };
std::string chat_body(const ChatRequest& request, std::string_view model, SchemaUse schema);

// Error{corrupt} for what is no completion, an empty one, or one that was cut short.
ChatReply read_chat_reply(std::string_view body, const std::string& what);

std::string embeddings_body(std::span<const std::string> texts, std::string_view model);

// Error{corrupt} for what is not a vector for each of n texts, all of one length and finite.
EmbeddingReply read_embeddings(std::string_view body, size_t n, const std::string& what);

// What an error's body says, on one line, in at most 300 bytes.
std::string error_text(std::string_view body);

// How long the host asks to wait: Retry-After-Ms, Retry-After in seconds, or where no requests or
// tokens are left, when there are new ones (X-RateLimit-Reset-Requests, "1m30s", "250ms").
std::optional<std::chrono::milliseconds> asked_wait(
    const std::map<std::string, std::string>& headers);

}  // namespace actogram
