#include "base/threads.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace actogram {
namespace {

TEST(ThreadPool, DoesEveryItemOnceInEveryLoop) {
  for (size_t n_threads : {1, 2, 5}) {
    ThreadPool pool(n_threads);
    for (size_t n_items : {0, 1, 3, 1000}) {
      std::vector<std::atomic<int>> done(n_items);
      pool.parallel_for(n_items, [&](size_t item, size_t thread) {
        ASSERT_LT(thread, n_threads);
        ++done[item];
      });
      for (const auto& n : done) EXPECT_EQ(n, 1);
    }
  }
}

TEST(ThreadPool, CarriesAnExceptionOutAndGoesOnWorking) {
  ThreadPool pool(3);
  const auto fail_at_7 = [](size_t item, size_t) {
    if (item == 7) throw std::runtime_error("seven");
  };
  EXPECT_THROW(pool.parallel_for(100, fail_at_7), std::runtime_error);
  std::atomic<int> n = 0;
  pool.parallel_for(50, [&](size_t, size_t) { ++n; });
  EXPECT_EQ(n, 50);
}

}  // namespace
}  // namespace actogram
