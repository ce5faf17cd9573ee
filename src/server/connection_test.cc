// What clients may do to a server that is not ordinary: nothing, little, too much, too slowly.
#include "server/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "server/connection_threads.h"
#include "server/raw_client_test.h"
#include "server/server.h"

namespace actogram {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using testing::request;

constexpr size_t kLargeBytes = 64 << 20;

Documents made_up() {
  Documents documents;
  documents.recording = [] { return std::string("{}"); };
  documents.site = [](std::string_view) { return std::string(kLargeBytes, ' '); };
  documents.unit = [](std::string_view) { return std::string("{}"); };
  documents.set_label = [](std::string_view, std::string_view body) { return std::string(body); };
  return documents;
}

class Running {
 public:
  explicit Running(const ConnectionLimits& limits)
      : server_({{"made-up.acto", made_up()}}, {.port = 0, .limits = limits}),
        thread_([this] { server_.run(); }) {}
  ~Running() {
    server_.stop();
    thread_.join();
  }
  int port() const { return server_.port(); }

  // Of one request on a connection of its own.
  std::string answer(std::string_view line, std::string_view headers = "Connection: close\r\n") {
    const RawClient client(port());
    client.send(request(line, port(), headers));
    return client.rest();
  }

 private:
  Server server_;
  std::thread thread_;
};

constexpr ConnectionLimits kPatient{.idle = 1h, .request = 1h, .answer = 1h};

// They all still wait when the last ordinary client has its answer: it did not wait for them. And
// the server ends though they do not.
TEST(Connection, AThousandThatWaitHoldUpNoOther) {
  allow_connections(4096);
  Running running(kPatient);
  std::vector<RawClient> waiting;
  for (int i = 0; i < 1000; ++i) {
    waiting.emplace_back(running.port());
    const bool begins = i % 2 == 0;
    ASSERT_TRUE(!begins || waiting.back().send("GET /api/recording HTTP/1.1\r\nHost: local"));
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(running.answer("GET /api/recording"), HasSubstr("200 OK"));
  }
  for (const RawClient& client : waiting) ASSERT_TRUE(client.is_quiet());
  ASSERT_TRUE(waiting[0].send(fmt::format("host:{}\r\nConnection: close\r\n\r\n", running.port())));
  EXPECT_THAT(waiting[0].rest(), HasSubstr("200 OK"));
}

TEST(Connection, ThoseThatWaitTooLongAreLeft) {
  ConnectionLimits limits = kPatient;
  limits.idle = 50ms;
  Running running(limits);
  EXPECT_EQ(RawClient(running.port()).rest(), "");
  const RawClient second(running.port());
  second.send(request("GET /api/recording", running.port()));
  EXPECT_THAT(second.rest(), HasSubstr("200 OK"));  // and then it ends
}

// A byte now and then does not make a request last.
TEST(Connection, ARequestAsAWholeHasATime) {
  ConnectionLimits limits = kPatient;
  limits.request = 100ms;
  Running running(limits);
  const RawClient client(running.port());
  size_t n_sent = 0;
  while (n_sent < 1000 && client.send(n_sent < 5 ? "GET /" : "a")) {
    ++n_sent;
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_LT(n_sent, 1000u);
}

TEST(Connection, AnAnswerThatNobodyTakesHasATime) {
  ConnectionLimits limits = kPatient;
  limits.answer = 100ms;
  Running running(limits);
  const RawClient client(running.port());
  client.send(request("GET /api/sites/x", running.port()));
  std::this_thread::sleep_for(500ms);
  EXPECT_LT(client.rest().size(), kLargeBytes);
  Running patient(kPatient);
  EXPECT_GT(patient.answer("GET /api/sites/x").size(), kLargeBytes);
}

TEST(Connection, HeadersHaveABound) {
  Running running(kPatient);
  const std::string line = "X: " + std::string(1000, 'x') + "\r\n";
  std::string many = "Connection: close\r\n";
  for (int i = 0; i < 20; ++i) many += line;
  EXPECT_THAT(running.answer("GET /api/recording", many), HasSubstr("200 OK"));
  for (int i = 0; i < 20; ++i) many += line;
  EXPECT_THAT(running.answer("GET /api/recording", many), Not(HasSubstr("200 OK")));
  const std::string path(40'000, 'a');
  EXPECT_THAT(running.answer("GET /" + path), Not(HasSubstr("200 OK")));
}

// What nobody reads is not taken for the next request.
TEST(Connection, ABodyEndsTheConnection) {
  Running running(kPatient);
  const std::string inner = request("GET /api/recording", running.port());
  const std::string length = fmt::format("Content-Length: {}\r\n", inner.size());
  for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
    for (const std::string& header : {length, std::string("Transfer-Encoding: chunked\r\n")}) {
      const RawClient client(running.port());
      client.send(request(std::string(method) + " /api/recording", running.port(), header) + inner);
      const std::string answer = client.rest();
      EXPECT_THAT(answer, HasSubstr(method == std::string("GET") ? " 413 " : " 405 ")) << method;
      EXPECT_THAT(answer, Not(HasSubstr("200 OK"))) << method;
    }
  }
}

std::string put(std::string_view headers, int port) {
  return request("PUT /api/labels/1", port,
                 fmt::format("Content-Type: application/json\r\n{}", headers));
}

TEST(Connection, ABodyThatIsTakenIsReadToItsEnd) {
  Running running(kPatient);
  const RawClient client(running.port());
  const std::string one = put("Content-Length: 9\r\n", running.port());
  client.send(one + "{\"first\"}" + one + "{\"se");
  std::this_thread::sleep_for(50ms);
  client.send("cond" + request("GET /api/units/1", running.port(), "Connection: close\r\n"));
  const std::string answers = client.rest();
  EXPECT_THAT(answers, HasSubstr("{\"first\"}"));
  EXPECT_THAT(answers, HasSubstr("{\"secondG"));  // nine bytes, whatever they are
  EXPECT_THAT(answers, Not(HasSubstr("\r\n\r\n{}")));
}

TEST(Connection, ABodyHasALengthAndATime) {
  ConnectionLimits limits = kPatient;
  limits.request = 100ms;
  Running running(limits);
  for (const char* headers :
       {"Content-Length: 9\r\n", "Content-Length: 65537\r\n", "Content-Length: -1\r\n",
        "Content-Length: 9x\r\n", "", "Transfer-Encoding: chunked\r\n",
        "Content-Length: 99999999999999999999\r\n"}) {
    const RawClient client(running.port());
    client.send(put(headers, running.port()) + "{\"half");
    EXPECT_THAT(client.rest(), HasSubstr(" 413 ")) << headers;
  }
}

TEST(Connection, OneAnswersManyRequests) {
  Running running(kPatient);
  const RawClient client(running.port());
  const std::string one = request("GET /api/recording", running.port());
  client.send(one + one + request("GET /api/units/1", running.port(), "Connection: close\r\n"));
  const std::string answers = client.rest();
  size_t n = 0;
  for (size_t at = 0; (at = answers.find("200 OK", at)) != answers.npos; ++at) ++n;
  EXPECT_EQ(n, 3u);
}

// What an answer begins with waits for its body; where there is none, it must not wait for ever.
TEST(Connection, AnAnswerWithoutABodyDoesNotWait) {
  Running running(ConnectionLimits{});  // which close a connection that waits
  const RawClient client(running.port());
  for (int i = 0; i < 2; ++i) {
    client.send(request("HEAD /api/recording", running.port()));
    EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("200 OK")) << i;
  }
}

TEST(Connection, NonsenseIsAnErrorAndTheEnd) {
  Running running(kPatient);
  for (const char* text :
       {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\r\n\r\n"}) {
    const RawClient client(running.port());
    client.send(text + request("GET /api/recording", running.port()));
    EXPECT_THAT(client.rest(), Not(HasSubstr("200 OK"))) << text;
  }
}

}  // namespace
}  // namespace actogram
