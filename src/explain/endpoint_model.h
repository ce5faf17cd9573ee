// The model behind an address, for those who only name it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace actogram {

class ChatModel;

struct EndpointAddress {
  std::string url;                             // "http://localhost:8080/v1"
  std::string model;                           // as the host calls it
  std::string key;                             // "" where the host wants none
  std::chrono::milliseconds timeout{120'000};  // of one attempt
  uint32_t n_attempts = 6;
};

// Error{invalid} for a key that would go over the network in the clear.
std::unique_ptr<ChatModel> open_endpoint(const EndpointAddress& address);

}  // namespace actogram
