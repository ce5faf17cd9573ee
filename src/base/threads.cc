#include "base/threads.h"

namespace actogram {

ThreadPool::ThreadPool(size_t n_threads) {
  for (size_t thread = 1; thread < n_threads; ++thread) {
    workers_.emplace_back([this, thread] { work(thread); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::parallel_for(size_t n_items, const std::function<void(size_t, size_t)>& body) {
  {
    const std::lock_guard lock(mutex_);
    body_ = &body;
    n_items_ = n_items;
    next_item_ = 0;
    n_busy_ = workers_.size();
    error_ = nullptr;
    ++loop_;
  }
  wake_.notify_all();
  take_items(0);
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return n_busy_ == 0; });
  if (error_) std::rethrow_exception(error_);
}

void ThreadPool::work(size_t thread) {
  size_t seen = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || loop_ != seen; });
      if (stopping_) return;
      seen = loop_;
    }
    take_items(thread);
    const std::lock_guard lock(mutex_);
    if (--n_busy_ == 0) idle_.notify_one();
  }
}

void ThreadPool::take_items(size_t thread) {
  try {
    for (size_t item = next_item_++; item < n_items_; item = next_item_++) (*body_)(item, thread);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
    next_item_ = n_items_;
  }
}

}  // namespace actogram
