// Answers that take their time, on a real server: texts that a model runs, and searches that are
// sent line by line. Who goes away ends them, and so does the end of the server.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "server/made_up_server_test.h"
#include "server/raw_client_test.h"

namespace actogram {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::n_begun;
using testing::n_left;
using testing::Running;

TEST(LongAnswers, TextIsRunByAPostOfJson) {
  Running running;
  httplib::Client client("127.0.0.1", running.port());
  EXPECT_EQ(client.Get("/api/live")->body, R"({"available": true})");
  const auto post = [&](const std::string& path, const std::string& body) {
    return client.Post(path, body, "application/json");
  };
  const std::string body = R"({"text": "x"})";
  EXPECT_EQ(post("/api/live/12.mlp/3", body)->body, R"(["12.mlp/3", {"text": "x"}])");
  EXPECT_EQ(post("/api/live", body)->body, R"([{"text": "x"}, 0, 50])");
  EXPECT_EQ(post("/api/live?sort=share&limit=3", body)->body, R"([{"text": "x"}, 1, 3])");
  EXPECT_EQ(post("/api/live/12.mlp/3", "[]")->status, 503);
  EXPECT_EQ(client.Get("/api/live/12.mlp/3")->get_header_value("Allow"), "POST");
  EXPECT_EQ(client.Post("/api/live", body, "text/plain")->status, 415);
  EXPECT_EQ(client.Post("/api/live", {{"Origin", "http://evil.example"}}, body, "application/json")
                ->status,
            403);
}

TEST(LongAnswers, WhoGoesAwayEndsTheRun) {
  Running running;
  n_begun = n_left = 0;
  {
    const testing::RawClient client(running.port());
    client.send(testing::request("POST /api/live/forever", running.port(),
                                 "Content-Type: application/json\r\nContent-Length: 2\r\n") +
                "{}");
    while (n_begun == 0) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(n_left, 0) << "it still waits";
  }
  while (n_left == 0) std::this_thread::sleep_for(1ms);
}

std::string search(int port, std::string_view query) {
  return testing::request(fmt::format("GET /api/search?{}", query), port);
}

TEST(LongAnswers, ASearchIsSentInLinesAndTheLastIsTheAnswer) {
  Running running;
  const auto plain = running.get("/api/search?text=a%20b&limit=3");
  const auto lines = running.get("/api/search?text=a%20b&limit=3&stream=1");
  ASSERT_TRUE(lines);
  EXPECT_EQ(lines->status, 200);
  EXPECT_EQ(lines->get_header_value("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(lines->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(lines->get_header_value("Cache-Control"), "no-store");
  EXPECT_EQ(lines->body, plain->body + "\n");
  EXPECT_EQ(running.get("/api/search?stream=1")->status, 400) << "no text";
  EXPECT_EQ(running.get("/api/search?text=a&stream=2")->status, 400);
  httplib::Client client("127.0.0.1", running.port());
  EXPECT_EQ(client.Head("/api/search?text=forever&stream=1")->status, 200);
}

TEST(LongAnswers, LinesArriveWhileTheSearchGoesOnAndWhoGoesAwayEndsIt) {
  Running running;
  n_begun = n_left = 0;
  {
    const testing::RawClient client(running.port());
    client.send(search(running.port(), "text=forever&stream=1"));
    for (const char* line : {"[1]\n", "[2]\n", "[3]\n"}) {
      EXPECT_THAT(client.until("]\n"), HasSubstr(line));
    }
    EXPECT_EQ(n_left, 0) << "it still reads";
    EXPECT_EQ(running.get("/api/recording")->status, 200) << "others are served meanwhile";
  }
  while (n_left == 0) std::this_thread::sleep_for(1ms);
  const testing::RawClient plain(running.port());
  plain.send(search(running.port(), "text=forever"));
  shutdown(plain.socket(), SHUT_WR);
  EXPECT_THAT(plain.rest(), HasSubstr("503"));
  EXPECT_EQ(n_left, 2);
}

TEST(LongAnswers, ASearchThatTakesTooLongSaysSoInItsLastLine) {
  ServeOptions options{.port = 0};
  options.limits.answer = 300ms;
  Running running(options);
  const auto lines = running.get("/api/search?text=forever&stream=1");
  ASSERT_TRUE(lines) << "the answer is whole";
  const std::string last = lines->body.substr(lines->body.rfind('\n', lines->body.size() - 2) + 1);
  EXPECT_THAT(last, HasSubstr(R"({"error": {"code": "busy")"));
}

TEST(LongAnswers, EndsThoughASearchIsSent) {
  n_left = 0;
  std::unique_ptr<testing::RawClient> client;
  {
    Running running;
    client = std::make_unique<testing::RawClient>(running.port());
    client->send(search(running.port(), "text=forever&stream=1"));
    client->until("]\n");
  }
  EXPECT_EQ(n_left, 1);
}

TEST(LongAnswers, EndsThoughAModelRuns) {
  n_begun = n_left = 0;
  std::unique_ptr<testing::RawClient> client;
  {
    Running running;
    client = std::make_unique<testing::RawClient>(running.port());
    client->send(testing::request("POST /api/live/forever", running.port(),
                                  "Content-Type: application/json\r\nContent-Length: 2\r\n") +
                 "{}");
    while (n_begun == 0) std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(n_left, 1);
}

}  // namespace
}  // namespace actogram
