// A thread for each connection, so that slow ones hold up none but themselves. Threads are made
// when they are needed and then kept; one that waits costs some kilobytes. Connections beyond
// `most` wait until others end, which the limits of connection.h bound.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace actogram {

// Raises how many files this process may have open, as far as the system lets it.
void allow_connections(size_t n);

class ConnectionThreads : public httplib::TaskQueue {
 public:
  explicit ConnectionThreads(size_t most) : most_(most) {}

  void enqueue(std::function<void()> connection) override;
  void shutdown() override;  // after the connections that are there

 private:
  void work();

  size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  size_t n_idle_ = 0;
  bool ending_ = false;
};

}  // namespace actogram
