// A fixed set of threads that share the items of one loop after another.
//
// parallel_for() hands out items one by one, so an item should be worth some microseconds. Which
// thread takes which item is chance: nothing an item computes may depend on it. Threads sleep
// between loops; on a shared machine spinning costs more than it gains (docs/decisions.md).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace actogram {

class ThreadPool {
 public:
  explicit ThreadPool(size_t n_threads);  // the caller's own thread is one of them
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t n_threads() const { return workers_.size() + 1; }

  // Calls `body(item, thread)` for every item in [0, n_items), thread in [0, n_threads()). Returns
  // when all are done; rethrows the first exception, after which the remaining items are skipped.
  void parallel_for(size_t n_items, const std::function<void(size_t item, size_t thread)>& body);

 private:
  void work(size_t thread);
  void take_items(size_t thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;

  // Guarded by mutex_, but for next_item_, which the threads of one loop share.
  const std::function<void(size_t, size_t)>* body_ = nullptr;
  size_t n_items_ = 0;
  std::atomic<size_t> next_item_ = 0;
  size_t n_busy_ = 0;
  size_t loop_ = 0;
  bool stopping_ = false;
  std::exception_ptr error_;
};

}  // namespace actogram
