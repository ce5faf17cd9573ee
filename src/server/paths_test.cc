// Ways out of the folder that a server of files would have. This one has none, and every way is a
// 404 or a 400, in whatever spelling; sent as they stand, since clients tidy paths up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <thread>

#include "server/raw_client_test.h"
#include "server/server.h"

namespace actogram {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kPaths[] = {
    "/../etc/passwd",
    "/../../etc/passwd",
    "/../../../../../../../../etc/passwd",
    "/./../etc/passwd",
    "/a/../../etc/passwd",
    "/..",
    "/../",
    "/..;/etc/passwd",
    "//etc/passwd",
    "///etc/passwd",
    "//../etc/passwd",
    "//evil.example/etc/passwd",
    "/%2e%2e/etc/passwd",
    "/%2E%2E/etc/passwd",
    "/%2e%2e%2fetc%2fpasswd",
    "/..%2fetc%2fpasswd",
    "/..%2Fetc%2Fpasswd",
    "/%2e./etc/passwd",
    "/.%2e/etc/passwd",
    "/..%5cetc%5cpasswd",
    "/..\\etc\\passwd",
    "/\\..\\etc\\passwd",
    "/%5c..%5cetc",
    "/%2f%2e%2e/etc/passwd",
    "/..%00/etc/passwd",
    "/../etc/passwd%00.html",
    "/..//etc/passwd",
    "/....//....//etc/passwd",
    "/..../etc/passwd",
    "/assets/../etc/passwd",
    "/assets/../../etc/passwd",
    "/assets/../../../../../../etc/passwd",
    "/assets/../index.html",
    "/assets/./index.html",
    "/assets//etc/passwd",
    "/assets//../etc/passwd",
    "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2fetc%2fpasswd",
    "/assets/%2fetc%2fpasswd",
    "/assets/..%5c..%5cetc%5cpasswd",
    "/assets/%252e%252e/etc/passwd",
    "/assets/..%252fetc%252fpasswd",
    "/assets/%c0%ae%c0%ae/etc/passwd",
    "/assets/..%c0%afetc%c0%afpasswd",
    "/assets/%00/etc/passwd",
    "/assets/index.html%00",
    "/assets/file:///etc/passwd",
    "/assets/.git/config",
    "/api/../etc/passwd",
    "/api/../../etc/passwd",
    "/api/%2e%2e/etc/passwd",
    "/api/recording/../../etc/passwd",
    "/api/recording%00",
    "/api/recording/",
    "/api/sites/../../etc/passwd",
    "/api/sites/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/api/units/../../../etc/passwd",
    "/api/units//etc/passwd",
    "/api/units/..%2f..%2fetc/1",
    "/api/units/file:///etc/passwd",
};
static_assert(std::size(kPaths) >= 50);

TEST(Paths, LeadNowhere) {
  const auto unknown = [](std::string_view name) -> std::string {
    fail(Code::not_found, "no {}", name);
  };
  Documents documents;
  documents.recording = [] { return std::string("{}"); };
  documents.site = documents.entropy = documents.unit = documents.packed = documents.feature =
      unknown;
  Server server({{"made-up.acto", documents}}, {.port = 0});
  std::thread thread([&] { server.run(); });
  for (const char* path : kPaths) {
    const testing::RawClient client(server.port());
    client.send(
        testing::request(std::string("GET ") + path, server.port(), "Connection: close\r\n"));
    const std::string answer = client.rest();
    EXPECT_THAT(answer, AnyOf(StartsWith("HTTP/1.1 404 "), StartsWith("HTTP/1.1 400 "))) << path;
    EXPECT_THAT(answer, Not(HasSubstr("root:"))) << path;
  }
  server.stop();
  thread.join();
}

}  // namespace
}  // namespace actogram
