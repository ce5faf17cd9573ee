#include "base/waiting_line.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace actogram {
namespace {

const std::function<void()> kPatient = [] {};

TEST(WaitingLine, ServesOneAtATimeInTheOrderOfComing) {
  WaitingLine line(100);
  std::vector<int> served;  // by whoever has its turn
  std::array<std::atomic<bool>, 20> in_line = {};
  std::vector<std::thread> threads;
  {
    const auto first = line.wait(kPatient);
    for (int i = 0; i < 20; ++i) {
      std::atomic<bool>& is_there = in_line[static_cast<size_t>(i)];
      threads.emplace_back([&, i] {
        const auto turn = line.wait([&] { is_there = true; });
        served.push_back(i);
      });
      while (!is_there) std::this_thread::yield();  // the next comes after it
    }
    EXPECT_TRUE(served.empty());
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(served.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(served[static_cast<size_t>(i)], i);
}

TEST(WaitingLine, HasAnEndAndRoomAgain) {
  WaitingLine line(2);
  std::thread third;
  {
    const auto first = line.wait(kPatient);
    std::atomic<bool> in_line = false, leaves = false;
    std::thread second([&] {
      const auto leave = [&] {
        in_line = true;
        if (leaves) throw Busy("gone");
      };
      EXPECT_THROW(line.wait(leave), Busy);
    });
    while (!in_line) std::this_thread::yield();
    EXPECT_THROW(line.wait(kPatient), Busy) << "three are in a line for two";
    leaves = true;
    second.join();
    std::atomic<bool> there_is_room = false;
    third = std::thread([&] { const auto turn = line.wait([&] { there_is_room = true; }); });
    while (!there_is_room) std::this_thread::yield();
  }
  third.join();
}

TEST(WaitingLine, WhoLeavesHoldsUpNobody) {
  WaitingLine line(3);
  EXPECT_THROW(line.wait([] { throw Busy("gone"); }), Busy);
  const auto turn = line.wait(kPatient);
}

}  // namespace
}  // namespace actogram
