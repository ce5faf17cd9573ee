// Lets threads work on numbered items at once and hand in the results one after another: item 0
// first, then item 1, and so on, whoever is ready sooner.
//
// For the items of a ThreadPool::parallel_for, which are taken in ascending order: whoever waits
// waits for an item that another thread has. A thread whose work fails calls give_up(), so that the
// others do not wait for it; their items are dropped, and parallel_for rethrows the failure.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace actogram {

class Turns {
 public:
  // Calls `hand_in` when all items before this one have been handed in.
  void take(size_t item, const auto& hand_in) {
    std::unique_lock lock(mutex_);
    next_changed_.wait(lock, [&] { return next_ == item || gave_up_; });
    if (gave_up_) return;
    hand_in();
    ++next_;
    next_changed_.notify_all();
  }

  void give_up() {
    const std::lock_guard lock(mutex_);
    gave_up_ = true;
    next_changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable next_changed_;
  size_t next_ = 0;
  bool gave_up_ = false;
};

}  // namespace actogram
