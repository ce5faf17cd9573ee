// A line of callers before something that serves one at a time: who comes first is served first. A
// caller may leave while it waits.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "actogram/error.h"

namespace actogram {

// Too much is asked at once, or it takes too long: another time it may do.
class Busy : public Error {
 public:
  explicit Busy(const std::string& message) : Error(Code::environment, message) {}
};

class WaitingLine {
 public:
  explicit WaitingLine(size_t most) : most_(most) {}

  // At the front for as long as it lives.
  class Turn {
   public:
    explicit Turn(WaitingLine& line, uint64_t ticket) : line_(line), ticket_(ticket) {}
    ~Turn() { line_.leave(ticket_); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    WaitingLine& line_;
    uint64_t ticket_;
  };

  // Waits until the caller is at the front; calls `check` ten times a second meanwhile, which
  // throws to leave. Busy at once where `most` are in line, the one that is served included.
  Turn wait(const std::function<void()>& check);

 private:
  void leave(uint64_t ticket);

  size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<uint64_t> tickets_;
  uint64_t next_ = 0;
};

}  // namespace actogram
