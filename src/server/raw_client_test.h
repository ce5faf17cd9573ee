// A client that sends exactly the bytes it is told, in any order and as slowly as a test wants.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace actogram::testing {

class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() {
    if (socket_ >= 0) close(socket_);
  }
  RawClient(RawClient&& other) noexcept : socket_(other.socket_) { other.socket_ = -1; }
  RawClient& operator=(RawClient&&) = delete;

  bool send(std::string_view text) const {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }

  int socket() const { return socket_; }

  // All that comes before the server closes the connection.
  std::string rest() const {
    std::string text, some(1 << 16, '\0');
    for (ssize_t n = 0; (n = recv(socket_, some.data(), some.size(), 0)) > 0;) {
      text.append(some, 0, static_cast<size_t>(n));
    }
    return text;
  }

  // What comes up to `end`, or until the server closes the connection.
  std::string until(std::string_view end) const {
    std::string text;
    for (char byte = 0; !text.ends_with(end) && recv(socket_, &byte, 1, 0) > 0;) text += byte;
    return text;
  }

  // Whether the server has neither closed nor said anything.
  bool is_quiet() const {
    char byte = 0;
    return recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
  }

 private:
  int socket_;
};

// A request with the name that a server on loopback wants.
inline std::string request(std::string_view line, int port, std::string_view headers = "") {
  return fmt::format("{} HTTP/1.1\r\nHost: localhost:{}\r\n{}\r\n", line, port, headers);
}

}  // namespace actogram::testing
