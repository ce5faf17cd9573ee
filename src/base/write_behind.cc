#include "base/write_behind.h"

#include <utility>

namespace actogram {

WriteBehind::WriteBehind(size_t buffer_bytes, size_t most, Write write)
    : buffer_bytes_(buffer_bytes),
      most_(most),
      write_(std::move(write)),
      writer_([this] { work(); }) {}

WriteBehind::~WriteBehind() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  writer_.join();
}

void WriteBehind::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

void WriteBehind::swap(PageBuffer& buffer) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || full_.size() < most_; });
  rethrow();
  full_.push_back(std::move(buffer));
  if (empty_.empty()) {
    buffer = PageBuffer(buffer_bytes_);
  } else {
    buffer = std::move(empty_.back());
    empty_.pop_back();
  }
  changed_.notify_all();
}

void WriteBehind::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || full_.empty(); });
  rethrow();
}

void WriteBehind::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || (!full_.empty() && !error_); });
    if (stopping_) return;
    const PageBuffer& first = full_.front();  // stays where it is while others are put behind it
    lock.unlock();
    std::exception_ptr error;
    try {
      write_(first);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    empty_.push_back(std::move(full_.front()));
    full_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace actogram
