#include "base/waiting_line.h"

#include <algorithm>
#include <chrono>

namespace actogram {

WaitingLine::Turn WaitingLine::wait(const std::function<void()>& check) {
  uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (tickets_.size() >= most_) {
      throw Busy(fmt::format("{} are in line already; try again in a while", tickets_.size()));
    }
    tickets_.push_back(ticket = next_++);
  }
  try {
    while (true) {
      check();
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(100),
                        [&] { return tickets_.front() == ticket; });
      if (tickets_.front() == ticket) return Turn(*this, ticket);
    }
  } catch (...) {
    leave(ticket);
    throw;
  }
}

void WaitingLine::leave(uint64_t ticket) {
  {
    const std::lock_guard lock(mutex_);
    std::erase(tickets_, ticket);
  }
  changed_.notify_all();
}

}  // namespace actogram
