#include "server/connection_threads.h"

#include <sys/resource.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace actogram {

void allow_connections(size_t n) {
  constexpr rlim_t kOthers = 256;  // the recording's files, the terminal
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::max(files.rlim_cur, std::min<rlim_t>(files.rlim_max, n + kOthers));
  setrlimit(RLIMIT_NOFILE, &files);
}

void ConnectionThreads::enqueue(std::function<void()> connection) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(connection));
  if (waiting_.size() <= n_idle_ || threads_.size() == most_) {
    wake_.notify_one();
    return;
  }
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;
    wake_.notify_one();  // the machine has no more of them: it waits like those beyond `most`
  }
}

void ConnectionThreads::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++n_idle_;
    wake_.wait(lock, [&] { return !waiting_.empty() || ending_; });
    --n_idle_;
    if (waiting_.empty()) return;
    const auto connection = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    connection();
    lock.lock();
  }
}

void ConnectionThreads::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace actogram
