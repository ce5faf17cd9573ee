#include "server/access.h"

#include <gtest/gtest.h>

namespace actogram {
namespace {

TEST(Access, LoopbackIsThisMachineOnly) {
  for (const char* host : {"localhost", "LocalHost", "127.0.0.1", "127.8.9.10", "::1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"", "0.0.0.0", "::", "127.evil.example", "127.0.0.1.example.com",
                           "localhost.example.com", "127.1", "127.0..1", "10.0.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Access, HostHeaderMustNameThisMachineAndPort) {
  for (const char* host : {"localhost:7878", "127.0.0.1:7878", "[::1]:7878", "LOCALHOST:7878"}) {
    EXPECT_TRUE(names_loopback(host, 7878)) << host;
  }
  for (const char* host : {"", "localhost", "localhost:7879", "evil.example:7878", "::1:7878",
                           "[::1]", "[::2]:7878", "localhost:78780", "localhost:7878:7878",
                           "127.0.0.1.evil.example:7878", "localhost.:7878", "a@localhost:7878"}) {
    EXPECT_FALSE(names_loopback(host, 7878)) << host;
  }
  EXPECT_TRUE(names_loopback("localhost", 80));
  EXPECT_TRUE(names_loopback("[::1]", 80));
}

TEST(Access, SecretsAreEqualOrNot) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  for (const char* given : {"", "ab", "abd", "abcabc", "ABC"}) {
    EXPECT_FALSE(same_secret(given, "abc")) << given;
  }
  EXPECT_FALSE(same_secret("a", ""));
}

TEST(Access, CookieIsFoundByItsWholeName) {
  EXPECT_EQ(cookie("a=1; token=xyz; b=2", "token"), "xyz");
  EXPECT_EQ(cookie("token=a=b", "token"), "a=b");
  EXPECT_EQ(cookie("my_token=1; token2=2", "token"), "");
  EXPECT_EQ(cookie("", "token"), "");
  EXPECT_EQ(cookie(";;=;", "token"), "");
}

TEST(Access, AuthorityBracketsVersionSix) {
  EXPECT_EQ(authority("127.0.0.1", 80), "127.0.0.1:80");
  EXPECT_EQ(authority("::1", 7878), "[::1]:7878");
}

}  // namespace
}  // namespace actogram
