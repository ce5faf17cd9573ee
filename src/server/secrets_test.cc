#include "server/secrets.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace actogram {
namespace {

TEST(Secrets, AreDrawnAnew) {
  std::set<std::string> secrets;
  for (int i = 0; i < 100; ++i) {
    const std::string secret = random_secret();
    EXPECT_EQ(secret.size(), 32u);
    EXPECT_EQ(secret.find_first_not_of("0123456789abcdef"), secret.npos);
    secrets.insert(secret);
  }
  EXPECT_EQ(secrets.size(), 100u);
}

TEST(Secrets, ALinkOpensOnce) {
  OneTimeLink link;
  const std::string first = link.ticket();
  EXPECT_FALSE(link.use(""));
  EXPECT_FALSE(link.use(first.substr(1)));
  EXPECT_EQ(link.ticket(), first);
  EXPECT_TRUE(link.use(first));
  EXPECT_FALSE(link.use(first));
  EXPECT_NE(link.ticket(), first);
  EXPECT_TRUE(link.use(link.ticket()));
}

TEST(Secrets, OfManyAtOnceOneIsLetIn) {
  for (int round = 0; round < 50; ++round) {
    OneTimeLink link;
    const std::string ticket = link.ticket();
    std::atomic<int> n_in = 0;
    std::vector<std::thread> visitors;
    for (int i = 0; i < 4; ++i) visitors.emplace_back([&] { n_in += link.use(ticket) ? 1 : 0; });
    for (auto& visitor : visitors) visitor.join();
    EXPECT_EQ(n_in, 1);
  }
}

}  // namespace
}  // namespace actogram
