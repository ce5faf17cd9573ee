// The model that is asked, for those who only name it: one behind an address, or a GGUF file.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace actogram {

class ChatModel;

struct ModelAddress {
  std::string where;                           // "http://localhost:8080/v1", or "qwen3.gguf"
  std::string model;                           // as the host calls it; "" for a file
  std::string key;                             // "" where the host wants none
  std::chrono::milliseconds timeout{120'000};  // of one attempt
  uint32_t n_attempts = 6;
  uint32_t context = 0;  // of a file, in tokens; 0: as trained, but 8,192 at most
};

// Error{invalid} for a key that would go over the network in the clear, an endpoint's model without
// a name and a file's with one; what a file that cannot be asked throws.
std::unique_ptr<ChatModel> open_model(const ModelAddress& address);

}  // namespace actogram
