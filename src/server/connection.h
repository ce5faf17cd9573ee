// One connection: requests one after another, each within limits of bytes and time.
//
// The library limits the time between two bytes, so a client that sends one every few seconds would
// be waited for without end. Here a request as a whole has a time, and an answer has one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace httplib {
class Stream;
}  // namespace httplib

namespace actogram {

struct ConnectionLimits {
  std::chrono::milliseconds idle{2000};       // until the next request begins
  std::chrono::milliseconds request{10'000};  // from its first byte to its last
  std::chrono::milliseconds answer{60'000};
  size_t request_bytes = 32 << 10;  // of its line and headers
};

// A connection with a request on it that has begun.
class Connection {
 public:
  virtual ~Connection() = default;

  virtual httplib::Stream& stream() = 0;  // of the request's line and headers, and of the answer
  // The bytes after its headers; nothing where so many do not come in the request's time.
  virtual std::optional<std::string> read_body(size_t n_bytes) = 0;
  // Whether the client has gone, or the time of an answer that has begun, so that nobody waits for
  // the rest.
  virtual bool is_left() const = 0;
};

// Answers the request; false where no other may follow on the connection.
using AnswerRequest = std::function<bool(Connection& connection)>;

// Until the client goes away, is too slow or sends too much, or `stopping`. Closes the socket.
void serve_connection(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping,
                      const AnswerRequest& answer);

}  // namespace actogram
