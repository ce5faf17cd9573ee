// Buffers are written whole and in order, few at a time, and what goes wrong comes out.
#include "base/write_behind.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

namespace actogram {
namespace {

void number(PageBuffer& buffer, size_t n) { std::memcpy(buffer.data(), &n, sizeof(n)); }
size_t number_in(const PageBuffer& buffer) {
  size_t n = 0;
  std::memcpy(&n, buffer.data(), sizeof(n));
  return n;
}

TEST(WriteBehind, WritesEveryBufferInOrder) {
  for (const size_t most : {1, 3}) {
    std::vector<size_t> written;
    std::atomic<size_t> n_handed = 0, n_written = 0, most_waiting = 0;
    WriteBehind behind(PageBuffer::kPage, most, [&](const PageBuffer& full) {
      if (written.size() % 16 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      written.push_back(number_in(full));
      ++n_written;
    });
    PageBuffer buffer(PageBuffer::kPage);
    for (size_t n = 0; n < 300; ++n) {
      ASSERT_GE(buffer.capacity(), PageBuffer::kPage);
      number(buffer, n);
      behind.swap(buffer);
      most_waiting = std::max<size_t>(most_waiting, ++n_handed - n_written);
    }
    behind.wait();
    ASSERT_EQ(written.size(), 300u);
    for (size_t n = 0; n < written.size(); ++n) EXPECT_EQ(written[n], n);
    EXPECT_LE(most_waiting, most + 1);  // one may be written and not yet taken off the queue
  }
}

TEST(WriteBehind, ThrowsWhatWentWrongAndWritesNothingMore) {
  std::atomic<size_t> n_written = 0;
  WriteBehind behind(PageBuffer::kPage, 2, [&](const PageBuffer& full) {
    if (number_in(full) == 3) throw std::runtime_error("the disk is full");
    ++n_written;
  });
  PageBuffer buffer(PageBuffer::kPage);
  const auto hand_over_all = [&] {
    for (size_t n = 0; n < 10; ++n) {
      number(buffer, n);
      behind.swap(buffer);
    }
  };
  EXPECT_THROW(hand_over_all(), std::runtime_error);
  EXPECT_THROW(behind.wait(), std::runtime_error);
  EXPECT_THROW(behind.swap(buffer), std::runtime_error);
  EXPECT_EQ(n_written, 3u);
}

TEST(WriteBehind, GoesWithoutWritingWhatIsLeft) {
  constexpr size_t kMany = 200;  // four seconds, of which one write is waited for
  std::atomic<size_t> n_written = 0;
  {
    WriteBehind behind(PageBuffer::kPage, kMany, [&](const PageBuffer&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ++n_written;
    });
    PageBuffer buffer(PageBuffer::kPage);
    for (size_t n = 0; n < kMany; ++n) behind.swap(buffer);
  }
  EXPECT_LT(n_written, kMany);
}

}  // namespace
}  // namespace actogram
