// Items come as they were read, in few slots, whoever takes them, and what goes wrong comes out.
#include "base/read_ahead.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "base/threads.h"

namespace actogram {
namespace {

TEST(ReadAhead, GivesEveryItemToWhoeverTakesIt) {
  for (size_t n_threads : {1, 2, 5}) {
    for (size_t n_readers : {1, 3}) {
      ThreadPool pool(n_threads);
      std::atomic<size_t> n_read = 0, n_taken = 0, most = 0;
      const size_t n_slots = n_threads + 1;
      ReadAhead<std::string> ahead(500, n_readers, n_slots, [&](size_t item, std::string& into) {
        const size_t n = ++n_read - n_taken;
        for (size_t before = most; n > before && !most.compare_exchange_weak(before, n);) {
        }
        into = std::to_string(item);
      });
      pool.parallel_for(500, [&](size_t item, size_t) {
        const auto taken = ahead.take(item);
        EXPECT_EQ(*taken, std::to_string(item));
        ++n_taken;
      });
      EXPECT_EQ(n_read, 500u);
      EXPECT_LE(most, n_slots);
    }
  }
}

TEST(ReadAhead, KeepsASlotsMemoryFromItemToItem) {
  ReadAhead<std::vector<int>> ahead(
      3, 1, 1, [](size_t item, std::vector<int>& into) { into.push_back(static_cast<int>(item)); });
  EXPECT_EQ((*ahead.take(0)).size(), 1u);
  EXPECT_EQ((*ahead.take(1)).size(), 2u);
  EXPECT_EQ((*ahead.take(2)).size(), 3u);
}

TEST(ReadAhead, ThrowsWhatAReaderThrewAndGoesOn) {
  for (int round = 0; round < 50; ++round) {
    ThreadPool pool(3);
    ReadAhead<size_t> ahead(100, 2, 4, [](size_t item, size_t& into) {
      if (item % 7 == 3) throw std::runtime_error("three");
      into = item;
    });
    EXPECT_THROW(pool.parallel_for(100, [&](size_t item, size_t) { ahead.take(item); }),
                 std::runtime_error);
  }
}

TEST(ReadAhead, EndsWithItemsThatNobodyTakes) {
  const ReadAhead<int> untouched(100, 2, 3, [](size_t, int& into) { into = 1; });
  ReadAhead<int> one(100, 2, 3, [](size_t, int& into) { into = 1; });
  EXPECT_EQ(*one.take(0), 1);
}

}  // namespace
}  // namespace actogram
