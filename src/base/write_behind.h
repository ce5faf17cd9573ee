// Hands full buffers to a thread of its own, which writes one after another, in order, while the
// next are filled. Memory is bounded: there are `most` buffers besides the one that is being
// filled, made when they are first needed.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/memory.h"

namespace actogram {

class WriteBehind {
 public:
  using Write = std::function<void(const PageBuffer& full)>;

  WriteBehind(size_t buffer_bytes, size_t most, Write write);
  ~WriteBehind();  // what has not been written then is not
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  // Takes a full buffer and leaves one to fill. Waits while `most` wait to be written. What went
  // wrong with one before is thrown by the call that follows, and by every later one; then nothing
  // is written any more.
  void swap(PageBuffer& buffer);
  // Until everything is written; throws as swap() does.
  void wait();

 private:
  void work();
  void rethrow() const;

  const size_t buffer_bytes_, most_;
  const Write write_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<PageBuffer> full_;  // the first is being written
  std::vector<PageBuffer> empty_;
  std::exception_ptr error_;
  bool stopping_ = false;
  std::thread writer_;  // last: it uses all of them
};

}  // namespace actogram
