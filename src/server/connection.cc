#include "server/connection.h"

#include <httplib.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace actogram {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{500};  // how late stopping may be noticed

// Whether the socket is ready for `events` before `end`.
bool wait_until(int socket, short events, Clock::time_point end,
                const std::atomic<bool>& stopping) {
  while (!stopping) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return false;
    pollfd waited{.fd = socket, .events = events, .revents = 0};
    const int n = poll(&waited, 1, static_cast<int>(std::min(left, kLook).count()));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
  return false;
}

class LimitedStream : public httplib::Stream, public Connection {
 public:
  LimitedStream(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping)
      : socket_(socket), limits_(limits), stopping_(stopping) {}

  // Whether a request begins in time; its clock runs from then on.
  bool begin_request() {
    n_read_ = 0;
    answering_ = false;
    if (begin_ == end_ && !wait_until(socket_, POLLIN, Clock::now() + limits_.idle, stopping_)) {
      return false;
    }
    until_ = Clock::now() + limits_.request;
    return begin_ < end_ || fill();
  }

  httplib::Stream& stream() override { return *this; }

  std::optional<std::string> read_body(size_t n_bytes) override {
    std::string body;
    while (body.size() < n_bytes && (begin_ < end_ || fill())) {
      const size_t n = std::min(n_bytes - body.size(), end_ - begin_);
      body.append(buffer_.data() + begin_, n);
      begin_ += n;
    }
    return body.size() == n_bytes ? std::optional(std::move(body)) : std::nullopt;
  }

  bool is_left() const override {
    if (answering_ && Clock::now() > until_) return true;
    char byte = 0;
    const ssize_t n = recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK);
  }

  bool is_readable() const override { return begin_ < end_; }
  bool is_writable() const override { return !failed_; }

  ssize_t read(char* out, size_t size) override {
    if (n_read_ >= limits_.request_bytes || (begin_ == end_ && !fill())) return -1;
    const size_t n = std::min({size, end_ - begin_, limits_.request_bytes - n_read_});
    std::copy_n(buffer_.begin() + static_cast<ptrdiff_t>(begin_), n, out);
    begin_ += n;
    n_read_ += n;
    return static_cast<ssize_t>(n);
  }

  // The library hands over an answer's head by itself; it waits here for the body, so that both go
  // out in one call.
  ssize_t write(const char* bytes, size_t size) override {
    if (!answering_) {
      until_ = Clock::now() + limits_.answer;
      answering_ = true;
      held_.assign(bytes, size);
      return static_cast<ssize_t>(size);
    }
    send_all(std::exchange(held_, {}), {bytes, size});
    return failed_ ? -1 : static_cast<ssize_t>(size);
  }

  // What was written and waits.
  void flush() {
    if (!held_.empty()) send_all(std::exchange(held_, {}), {});
  }

  // Nobody asks.
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  socket_t socket() const override { return socket_; }

 private:
  // More bytes; false where none came in time.
  bool fill() {
    flush();  // a client may wait for it before it sends more
    while (!stopping_ && Clock::now() < until_) {
      const ssize_t n = recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (n > 0) {
        begin_ = 0;
        end_ = static_cast<size_t>(n);
        return true;
      }
      const bool none = errno == EAGAIN || errno == EWOULDBLOCK;
      if (n == 0 || (errno != EINTR && !none)) return false;
      if (none && !wait_until(socket_, POLLIN, until_, stopping_)) return false;
    }
    return false;
  }

  void send_all(std::string_view head, std::string_view body) {
    while (!failed_ && head.size() + body.size() > 0) {
      std::array<iovec, 2> parts = {{{const_cast<char*>(head.data()), head.size()},
                                     {const_cast<char*>(body.data()), body.size()}}};
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = parts.size();
      const ssize_t sent = sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        const size_t of_head = std::min(head.size(), static_cast<size_t>(sent));
        head.remove_prefix(of_head);
        body.remove_prefix(static_cast<size_t>(sent) - of_head);
      } else if (errno != EINTR) {
        const bool full = errno == EAGAIN || errno == EWOULDBLOCK;
        failed_ = !full || !wait_until(socket_, POLLOUT, until_, stopping_);
      }
    }
  }

  int socket_;
  const ConnectionLimits& limits_;
  const std::atomic<bool>& stopping_;
  std::array<char, 4096> buffer_{};
  size_t begin_ = 0, end_ = 0;  // what of the buffer is not read yet
  size_t n_read_ = 0;           // of this request
  Clock::time_point until_;
  bool answering_ = false, failed_ = false;
  std::string held_;  // of an answer: its head, until its body comes
};

}  // namespace

void serve_connection(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping,
                      const AnswerRequest& answer) {
  LimitedStream stream(socket, limits, stopping);
  for (bool goes_on = true; goes_on;) {
    goes_on = stream.begin_request() && answer(stream);
    stream.flush();
    goes_on = goes_on && stream.is_writable();
  }
  shutdown(socket, SHUT_RDWR);
  close(socket);
}

}  // namespace actogram
