// One connection: requests one after another, each within limits of bytes and time.
//
// The library limits the time between two bytes, so a client that sends one every few seconds would
// be waited for without end. Here a request as a whole has a time, and an answer has one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>

namespace httplib {
class Stream;
}  // namespace httplib

namespace actogram {

struct ConnectionLimits {
  std::chrono::milliseconds idle{2000};       // until the next request begins
  std::chrono::milliseconds request{10'000};  // from its first byte to its last
  std::chrono::milliseconds answer{60'000};
  size_t request_bytes = 32 << 10;  // of its line and headers; nothing else is read
};

// Answers one request that has begun; false where no other may follow on the connection.
using AnswerRequest = std::function<bool(httplib::Stream& stream)>;

// Until the client goes away, is too slow or sends too much, or `stopping`. Closes the socket.
void serve_connection(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping,
                      const AnswerRequest& answer);

}  // namespace actogram
