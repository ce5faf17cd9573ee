// What an endpoint sends, as bytes: a first line of a header's value, then the body.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "llm/endpoint_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string value(text.substr(0, line));
  actogram::asked_wait({{"retry-after", value}});
  actogram::asked_wait(
      {{"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", value}});
  const std::string_view body = text.substr(std::min(line + 1, text.size()));
  if (actogram::error_text(body).size() > 300) __builtin_trap();
  try {
    if (actogram::read_chat_reply(body, "body").text.empty()) __builtin_trap();
  } catch (const actogram::Error&) {
  }
  try {
    if (actogram::read_embeddings(body, 2, "body").vectors.size() != 2) __builtin_trap();
  } catch (const actogram::Error&) {
  }
  return 0;
}
