// A real server on loopback and a real client; the documents are made up.
#include "server/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/waiting_line.h"
#include "server/assets.h"
#include "server/raw_client_test.h"

namespace actogram {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::atomic<int> n_begun = 0, n_left = 0;  // runs, and those whose client went away

// One that finds another thing in each step, and stops only when it is told.
void search_forever(const SearchStep& step) {
  try {
    for (int i = 0;; ++i) {
      step([&] { return fmt::format("[{}]", ++n_begun); });
      std::this_thread::sleep_for(1ms);
    }
  } catch (...) {
    ++n_left;
    throw;
  }
}

Documents documents_of(const std::string& name) {
  return {
      .recording = [name] { return fmt::format(R"({{"name": "{}"}})", name); },
      .site =
          [](std::string_view site) {
            if (site != "12.mlp") fail(Code::not_found, "no site {}", site);
            return std::string(R"({"site": "12.mlp"})");
          },
      .entropy = [](std::string_view site) { return fmt::format("[\"{}\"]", site); },
      .unit =
          [](std::string_view address) {
            if (address == "12.mlp/nan") fail(Code::invalid, "{} is no address", address);
            if (address == "12.mlp/9") throw std::runtime_error("a \"bug\"");
            if (address != "12.mlp/345") fail(Code::not_found, "no unit {}", address);
            return std::string(100000, ' ') + R"({"short": "12.mlp/345"})";
          },
      .packed =
          [](std::string_view address) { return fmt::format("{{\"packed\": \"{}\"}}", address); },
      .feature = [](std::string_view address) { return fmt::format("[\"{}\"]", address); },
      .units =
          [](const UnitListQuestion& q) {
            return fmt::format("[{}, {}, {}, \"{}\", {}, \"{}\", {}, {}, {}, {}]", q.column,
                               static_cast<int>(q.order), static_cast<int>(q.kind), q.site,
                               q.layer ? static_cast<int>(*q.layer) : -1, q.rw_class,
                               q.least.value_or(-9), q.most.value_or(-9), q.first, q.limit);
          },
      .classes = [](std::string_view address,
                    size_t limit) { return fmt::format("[\"{}\", {}]", address, limit); },
      .partners =
          [](std::string_view address, PartnerOrder order, size_t limit) {
            return fmt::format("[\"{}\", {}, {}]", address, static_cast<int>(order), limit);
          },
      .similar = [](std::string_view address,
                    size_t limit) { return fmt::format("[\"{}\", {}]", address, limit); },
      .lens = [](std::string_view address,
                 size_t limit) { return fmt::format("[\"{}\", {}]", address, limit); },
      .tokens = [](std::string_view address, size_t least,
                   size_t limit) { return fmt::format("[\"{}\", {}, {}]", address, least, limit); },
      .document =
          [](const DocumentQuestion& question) {
            return fmt::format("[{}, {}, \"{}\"]", question.document, question.first_chunk,
                               question.unit);
          },
      .place =
          [](const Place& at, FiringOrder order, size_t limit) {
            return fmt::format("[{}, {}, {}, {}]", at.sequence, at.position,
                               static_cast<int>(order), limit);
          },
      .search =
          [](const TextQuestion& question, const SearchStep& step) {
            if (question.text == "forever") search_forever(step);
            return fmt::format("[\"{}\", {}, {}]", question.text,
                               static_cast<int>(question.letters), question.limit);
          },
      .explanations = [](std::string_view address) { return fmt::format("[\"{}\"]", address); },
      .explanations_with = [](std::string_view text,
                              size_t limit) { return fmt::format("[\"{}\", {}]", text, limit); },
      .label = [](std::string_view address) { return fmt::format("[\"{}\"]", address); },
      .labels = [](std::string_view text,
                   size_t limit) { return fmt::format("[\"{}\", {}]", text, limit); },
      .set_label =
          [](std::string_view address, std::string_view body) {
            if (body == "{}") fail(Code::environment, "the disk is full");
            return fmt::format("[\"{}\", {}]", address, body);
          },
      .live = [] { return std::string(R"({"available": true})"); },
      .typed_unit =
          [](std::string_view address, std::string_view body, const IsLeft& is_left) {
            if (body == "[]") throw Busy("a long line");
            ++n_begun;
            while (address == "forever" && !is_left()) std::this_thread::sleep_for(1ms);
            if (is_left()) ++n_left;
            return fmt::format("[\"{}\", {}]", address, body);
          },
      .typed_units =
          [](std::string_view body, FiringOrder order, size_t limit, const IsLeft&) {
            return fmt::format("[{}, {}, {}]", body, static_cast<int>(order), limit);
          },
  };
}

std::vector<Served> made_up() { return {{"made-up.acto", documents_of("made-up.acto")}}; }

// A server that answers for as long as the object lives.
class Running {
 public:
  explicit Running(const ServeOptions& options = {.port = 0})
      : server_(made_up(), options), thread_([this] { server_.run(); }) {}
  ~Running() {
    server_.stop();
    thread_.join();
  }
  Server& server() { return server_; }
  int port() const { return server_.port(); }

  httplib::Result get(const std::string& path, const httplib::Headers& headers = {}) {
    httplib::Client client("127.0.0.1", port());
    return client.Get(path, headers);
  }

 private:
  Server server_;
  std::thread thread_;
};

TEST(Server, ServesTheDocuments) {
  Running running;
  auto result = running.get("/api/recording");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(result->body, R"({"name": "made-up.acto"})");
  EXPECT_EQ(running.get("/api/sites/12.mlp")->body, R"({"site": "12.mlp"})");
  EXPECT_THAT(running.get("/api/units/12.mlp/345")->body, HasSubstr("12.mlp/345"));
  EXPECT_EQ(running.get("/api/units/12.mlp%2F345")->status, 200);
  EXPECT_EQ(running.get("/api/packed/12.mlp/345")->body, R"({"packed": "12.mlp/345"})");
  EXPECT_EQ(running.get("/api/feature/gpt2-small/12-mlp/345")->body,
            R"(["gpt2-small/12-mlp/345"])");
}

TEST(Server, DocumentsTakeWhatFollowsTheQuestionMark) {
  Running running;
  EXPECT_EQ(running.get("/api/classes/12.mlp/3")->body, R"(["12.mlp/3", 5])");
  EXPECT_EQ(running.get("/api/classes/12.mlp/3?limit=7")->body, R"(["12.mlp/3", 7])");
  EXPECT_EQ(running.get("/api/partners/9.sae/3")->body, R"(["9.sae/3", 0, 20])");
  EXPECT_EQ(running.get("/api/partners/9.sae/3?sort=correlation&limit=2")->body,
            R"(["9.sae/3", 2, 2])");
  EXPECT_EQ(running.get("/api/similar/9.sae/3")->body, R"(["9.sae/3", 20])");
  EXPECT_EQ(running.get("/api/similar/9.sae/3?limit=1")->body, R"(["9.sae/3", 1])");
  EXPECT_EQ(running.get("/api/lens/9.sae/3")->body, R"(["9.sae/3", 10])");
  EXPECT_EQ(running.get("/api/lens/9.sae/3?limit=1")->body, R"(["9.sae/3", 1])");
  EXPECT_EQ(running.get("/api/tokens/9.sae/3")->body, R"(["9.sae/3", 2, 20])");
  EXPECT_EQ(running.get("/api/tokens/9.sae/3?least=5&limit=1")->body, R"(["9.sae/3", 5, 1])");
  EXPECT_EQ(running.get("/api/entropy/9.mlp")->body, R"(["9.mlp"])");
  EXPECT_EQ(running.get("/api/units")->body, R"([0, 0, 0, "", -1, "", -9, -9, 0, 50])");
  EXPECT_EQ(running
                .get("/api/units?by=max&order=lowest&kind=latents&site=9.sae&layer=9&class=x%20y"
                     "&least=-1.5&most=2&first=50&limit=10")
                ->body,
            R"([1, 1, 3, "9.sae", 9, "x y", -1.5, 2, 50, 10])");
  EXPECT_EQ(running.get("/api/search?text=a%20b%26c&case=exact&limit=3")->body,
            R"(["a b&c", 1, 3])");
  EXPECT_EQ(running.get("/api/explanations/12.mlp/3")->body, R"(["12.mlp/3"])");
  EXPECT_EQ(running.get("/api/explanations?text=a%20b&limit=3")->body, R"(["a b", 3])");
  EXPECT_EQ(running.get("/api/labels")->body, R"(["", 1000])");
  EXPECT_EQ(running.get("/api/labels?text=a%20b&limit=3")->body, R"(["a b", 3])");
  EXPECT_EQ(running.get("/api/documents/12")->body, R"([12, 0, ""])");
  EXPECT_EQ(running.get("/api/documents/12?from=3&unit=9.sae%3Aa/4")->body,
            R"([12, 3, "9.sae:a/4"])");
  EXPECT_EQ(running.get("/api/places/90/12?sort=share&limit=3")->body, "[90, 12, 1, 3]");
  for (const char* path : {"/api/documents/", "/api/documents/x", "/api/documents/-1",
                           "/api/documents/1/2", "/api/documents/99999999999", "/api/places/90",
                           "/api/places/90/", "/api/places//3", "/api/places/1/2/3"}) {
    EXPECT_EQ(running.get(path)->status, 400) << path;
  }
  for (const char* query : {"?limit=0", "?limit=x", "?limit=1&limit=2", "?sort=alphabet",
                            "?colour=red", "?limit=99999999999999999999"}) {
    EXPECT_EQ(running.get(std::string("/api/partners/9.sae/3") + query)->status, 400) << query;
  }
  EXPECT_EQ(running.get("/12.mlp/345?by=max&whatever=1&whatever=2")->status, 200);
}

TEST(Server, SeveralRecordingsAreToldApartByName) {
  const auto documents = [](const std::string& name) { return Served{name, documents_of(name)}; };
  Server server({documents("a.acto"), documents("b \"2\".acto")}, {.port = 0});
  std::thread thread([&] { server.run(); });
  httplib::Client client("127.0.0.1", server.port());
  EXPECT_EQ(client.Get("/api/recordings")->body, R"({"recordings": ["a.acto", "b \"2\".acto"]})");
  EXPECT_THAT(client.Get("/api/recording")->body, HasSubstr("a.acto"));
  EXPECT_THAT(client.Get("/api/recording?in=a.acto")->body, HasSubstr("a.acto"));
  EXPECT_THAT(client.Get("/api/recording?in=b%20%222%22.acto")->body, HasSubstr("b \"2"));
  auto unknown = client.Get("/api/units/12.mlp/345?in=c.acto");
  EXPECT_EQ(unknown->status, 404);
  EXPECT_THAT(unknown->body, HasSubstr("?in: no recording 'c.acto' is served here"));
  server.stop();
  thread.join();
  EXPECT_THROW(Server({documents("a.acto"), documents("a.acto")}, {.port = 0}), Error);
}

TEST(Server, ErrorsAreJson) {
  Running running;
  struct Row {
    const char* path;
    int status;
    const char* body;
  };
  const Row rows[] = {
      {"/api/units/12.mlp/77", 404,
       R"({"error": {"code": "not_found", "message": "no unit 12.mlp/77"}})"},
      {"/api/units/12.mlp/nan", 400,
       R"({"error": {"code": "invalid", "message": "12.mlp/nan is no address"}})"},
      {"/api/units/12.mlp/9", 500, R"({"error": {"code": "internal", "message": "a \"bug\""}})"},
      {"/api/sites/%22%0A%FF%3C", 404,
       "{\"error\": {\"code\": \"not_found\", \"message\": "
       "\"no site \\\"\\u000a\xef\xbf\xbd<\"}}"},
      {"/api/nothing", 404,
       R"({"error": {"code": "not_found", "message": "there is no document /api/nothing; see docs/api.md"}})"},
  };
  for (const Row& row : rows) {
    auto result = running.get(row.path);
    ASSERT_TRUE(result) << row.path;
    EXPECT_EQ(result->status, row.status) << row.path;
    EXPECT_EQ(result->get_header_value("Content-Type"), "application/json") << row.path;
    EXPECT_EQ(result->body, row.body) << row.path;
  }
}

TEST(Server, NoPathReachesTheFileSystem) {
  Running running;
  for (const char* path : {"/assets/index.html", "/assets/", "/assets/%00", "//evil.example/"}) {
    auto result = running.get(path);
    ASSERT_TRUE(result) << path;
    EXPECT_EQ(result->status, 404) << path;
  }
}

TEST(Server, AddressesShowThePage) {
  Running running;
  for (const char* path : {"/", "/12.mlp", "/12.mlp/345", "/blocks.1.hook_resid_post/sae:a/3"}) {
    auto result = running.get(path);
    ASSERT_TRUE(result) << path;
    EXPECT_EQ(result->status, 200) << path;
    EXPECT_THAT(result->get_header_value("Content-Type"), HasSubstr("text/html")) << path;
    EXPECT_THAT(result->body, HasSubstr("actogram")) << path;
  }
}

TEST(Server, EveryAssetIsServedWholeAndForGood) {
  Running running;
  for (const Asset& asset : assets()) {
    if (!asset.path.starts_with("/assets/")) continue;
    auto result = running.get(std::string(asset.path));
    ASSERT_TRUE(result) << asset.path;
    EXPECT_EQ(result->status, 200) << asset.path;
    EXPECT_EQ(result->body, asset.bytes) << asset.path;
    EXPECT_EQ(result->get_header_value("Content-Type"), asset.content_type);
    EXPECT_THAT(result->get_header_value("Cache-Control"), HasSubstr("immutable"));
  }
}

TEST(Server, AnotherSitesNameIsRefused) {
  Running running;
  for (const std::string& host :
       {std::string("evil.example"), fmt::format("evil.example:{}", running.port()),
        std::string("localhost:1"), std::string("localhost")}) {
    for (const char* path : {"/", "/api/recording", "/assets/x"}) {
      auto result = running.get(path, {{"Host", host}});
      ASSERT_TRUE(result) << host;
      EXPECT_EQ(result->status, 403) << host << path;
      EXPECT_THAT(result->body, Not(HasSubstr("made-up"))) << host;
    }
  }
  for (const char* name : {"localhost", "127.0.0.1", "[::1]"}) {
    auto result =
        running.get("/api/recording", {{"Host", fmt::format("{}:{}", name, running.port())}});
    ASSERT_TRUE(result) << name;
    EXPECT_EQ(result->status, 200) << name;
  }
}

TEST(Server, SecurityHeadersAreOnEveryAnswer) {
  Running running;
  for (const char* path : {"/", "/api/recording", "/api/units/x/1", "/assets/none"}) {
    auto result = running.get(path);
    ASSERT_TRUE(result) << path;
    EXPECT_THAT(result->get_header_value("Content-Security-Policy"),
                HasSubstr("default-src 'self'"));
    EXPECT_EQ(result->get_header_value("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(result->get_header_value("Access-Control-Allow-Origin"), "") << path;
  }
}

TEST(Server, OnlyAnEmbedMayBeFramedAndOnlyByThisMachine) {
  Running running;
  const auto plain = running.get("/12.mlp/345");
  EXPECT_THAT(plain->get_header_value("Content-Security-Policy"),
              HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(plain->get_header_value("X-Frame-Options"), "DENY");
  const auto embed = running.get("/12.mlp/345?embed=true");
  EXPECT_THAT(embed->get_header_value("Content-Security-Policy"),
              HasSubstr("frame-ancestors 'self' http://localhost:* http://127.0.0.1:*"));
  EXPECT_EQ(embed->get_header_value("X-Frame-Options"), "");
}

TEST(Server, KnownAnswersAreNotSentAgain) {
  Running running;
  for (const char* path : {"/api/recording", "/api/units/12.mlp/345"}) {
    auto first = running.get(path);
    ASSERT_TRUE(first) << path;
    const std::string etag = first->get_header_value("ETag");
    ASSERT_FALSE(etag.empty()) << path;
    auto second = running.get(path, {{"If-None-Match", etag}});
    ASSERT_TRUE(second) << path;
    EXPECT_EQ(second->status, 304) << path;
    EXPECT_EQ(second->body, "") << path;
    EXPECT_EQ(running.get(path, {{"If-None-Match", "\"other\""}})->status, 200) << path;
  }
}

TEST(Server, RangesAreIgnored) {
  Running running;
  for (const char* range : {"bytes=0-3", "bytes=900000-900100", "bytes=-9", "bytes=0-1,3-4"}) {
    auto result = running.get("/api/recording", {{"Range", range}});
    ASSERT_TRUE(result) << range;
    EXPECT_EQ(result->status, 200) << range;
    EXPECT_EQ(result->body, R"({"name": "made-up.acto"})") << range;
  }
}

TEST(Server, OnlyReads) {
  Running running;
  httplib::Client client("127.0.0.1", running.port());
  EXPECT_EQ(client.Post("/api/recording", "{}", "application/json")->status, 405);
  EXPECT_EQ(client.Put("/", "x", "text/plain")->status, 405);
  EXPECT_EQ(client.Delete("/api/recording")->status, 405);
  auto head = client.Head("/api/recording");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->get_header_value("Content-Length"), "24");
  EXPECT_EQ(head->body, "");
}

TEST(Server, ALabelIsWrittenWithABodyOfJson) {
  Running running;
  httplib::Client client("127.0.0.1", running.port());
  client.set_keep_alive(true);
  const auto status = [&](const std::string& body, const char* type) {
    const auto result = client.Put("/api/labels/12.mlp/3?in=made-up.acto", body, type);
    return result ? result->status : -1;
  };
  const std::string longest = "\"" + std::string((64 << 10) - 2, 'x') + "\"";
  for (int twice = 0; twice < 2; ++twice) {  // on one connection: nothing of a body is left
    auto result = client.Put("/api/labels/12.mlp/3", R"({"label": "x"})", "application/json");
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->body, R"(["12.mlp/3", {"label": "x"}])");
    EXPECT_EQ(status(longest, "application/json; charset=utf-8"), 200);
    EXPECT_EQ(client.Get("/api/labels/12.mlp/3")->body, R"(["12.mlp/3"])");
  }
  EXPECT_EQ(status("{}", "application/json"), 500);
  EXPECT_EQ(status(R"({"label": "x"})", "text/plain"), 415);
  auto post = client.Post("/api/labels/12.mlp/3", "{}", "application/json");
  ASSERT_TRUE(post);
  EXPECT_EQ(post->status, 405);
  EXPECT_EQ(post->get_header_value("Allow"), "GET, HEAD, PUT");
  EXPECT_EQ(client.Put("/api/labels", "{}", "application/json")->get_header_value("Allow"),
            "GET, HEAD");
}

TEST(Server, NobodyElseWritesLabels) {
  Running running({.port = 0, .token = "s3cret"});
  httplib::Client client("127.0.0.1", running.port());
  const auto put = [&](const httplib::Headers& headers) {
    return client.Put("/api/labels/12.mlp/3", headers, R"({"label": "x"})", "application/json")
        ->status;
  };
  const auto bearer = std::make_pair(std::string("Authorization"), std::string("Bearer s3cret"));
  EXPECT_EQ(put({}), 401);
  EXPECT_EQ(put({bearer}), 200);
  EXPECT_EQ(put({bearer, {"Origin", "http://evil.example"}}), 403);
  Running without;
  httplib::Client rebound("127.0.0.1", without.port());
  EXPECT_EQ(rebound
                .Put("/api/labels/12.mlp/3", {{"Host", "evil.example"}}, R"({"label": "x"})",
                     "application/json")
                ->status,
            403);
}

TEST(Server, TextIsRunByAPostOfJson) {
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

TEST(Server, WhoGoesAwayEndsTheRun) {
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

TEST(Server, ASearchIsSentInLinesAndTheLastIsTheAnswer) {
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

TEST(Server, LinesArriveWhileTheSearchGoesOnAndWhoGoesAwayEndsIt) {
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

TEST(Server, ASearchThatTakesTooLongSaysSoInItsLastLine) {
  ServeOptions options{.port = 0};
  options.limits.answer = 300ms;
  Running running(options);
  const auto lines = running.get("/api/search?text=forever&stream=1");
  ASSERT_TRUE(lines) << "the answer is whole";
  const std::string last = lines->body.substr(lines->body.rfind('\n', lines->body.size() - 2) + 1);
  EXPECT_THAT(last, HasSubstr(R"({"error": {"code": "busy")"));
}

TEST(Server, EndsThoughASearchIsSent) {
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

TEST(Server, EndsThoughAModelRuns) {
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

TEST(Server, LongPathsAreAnswered) {
  Running running;
  auto result = running.get("/api/units/" + std::string(7000, 'a') + "/1");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 404);
}

TEST(Server, ATokenOpensEverythingAndNothingOpensWithoutIt) {
  Running running({.port = 0, .token = "s3cret"});
  for (const char* path : {"/", "/api/recording", "/assets/x", "/?once=wrong", "/?once=",
                           "/?once=s3cret", "/?token=s3cret", "/api/recording?token=s3cret"}) {
    EXPECT_EQ(running.get(path)->status, 401) << path;
  }
  EXPECT_EQ(running.get("/api/recording", {{"Authorization", "Bearer s3cret"}})->status, 200);
  EXPECT_EQ(running.get("/api/recording", {{"Authorization", "Bearer s3cre"}})->status, 401);
  EXPECT_EQ(running.get("/api/recording", {{"Cookie", "a=b; actogram_token=s3cret"}})->status, 200);
  EXPECT_EQ(
      running.get("/api/recording", {{"Authorization", "Bearer s3cret"}, {"Host", "box.example"}})
          ->status,
      200);
}

TEST(Server, TheLinkOpensOnceAndTheNextOneIsTold) {
  std::vector<std::string> told;
  Running running({.port = 0, .token = "s3cret", .link_used = [&](const std::string& url) {
                     told.push_back(url);
                   }});
  const std::string link = running.server().url();
  const std::string once = link.substr(link.find("once="));
  EXPECT_THAT(link, Not(HasSubstr("s3cret")));
  EXPECT_EQ(running.get("/api/recording?" + once)->status, 401);  // pages alone are opened
  EXPECT_EQ(running.get("//evil.example?" + once)->status, 401);
  auto page = running.get("/12.mlp/345?by=max&" + once);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 303);
  EXPECT_EQ(page->get_header_value("Location"), "/12.mlp/345?by=max");
  EXPECT_THAT(page->get_header_value("Set-Cookie"),
              HasSubstr("actogram_token=s3cret; Path=/; HttpOnly"));
  EXPECT_EQ(running.get("/?" + once)->status, 401);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], running.server().url());
  EXPECT_EQ(running.get(told[0].substr(told[0].rfind('/')))->status, 303);
}

TEST(Server, PagesOfOtherSitesAreRefused) {
  Running running;
  const std::string own = fmt::format("localhost:{}", running.port());
  const auto status = [&](const std::string& origin) {
    return running.get("/api/recording", {{"Host", own}, {"Origin", origin}})->status;
  };
  EXPECT_EQ(status("http://" + own), 200);
  for (const std::string& origin :
       {std::string("null"), std::string("http://evil.example"),
        "http://evil.example:" + std::to_string(running.port()), std::string("http://localhost"),
        "http://" + own + ".evil.example", "file://" + own, "http://evil.example@" + own,
        fmt::format("http://127.0.0.1:{}", running.port())}) {
    EXPECT_EQ(status(origin), 403) << origin;
  }
  Running with_token({.port = 0, .token = "s3cret"});
  EXPECT_EQ(with_token
                .get("/api/recording",
                     {{"Authorization", "Bearer s3cret"}, {"Origin", "http://evil.example"}})
                ->status,
            403);
}

TEST(Server, BeyondLoopbackATokenIsNeeded) {
  try {
    const Server server(made_up(), {.host = "0.0.0.0", .port = 0});
    FAIL() << "bound to every interface without a token";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid);
    EXPECT_THAT(error.what(), HasSubstr("--token"));
  }
  const Server server(made_up(), {.host = "0.0.0.0", .port = 0, .token = "s3cret"});
  EXPECT_THAT(server.url(), HasSubstr(fmt::format("http://0.0.0.0:{}/?once=", server.port())));
  EXPECT_THROW(Server(made_up(), {.token = "a;b"}), Error);
}

TEST(Server, ATakenPortIsAnErrorThatNamesIt) {
  const Server first(made_up(), {.port = 0});
  EXPECT_EQ(first.url(), fmt::format("http://127.0.0.1:{}/", first.port()));
  try {
    const Server second(made_up(), {.port = first.port()});
    FAIL() << "two servers share port " << first.port();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::environment);
    EXPECT_THAT(error.what(), HasSubstr(std::to_string(first.port())));
  }
}

TEST(Server, APortIsFreeAgainAfterTheServer) {
  int port = 0;
  {
    const Server server(made_up(), {.port = 0});
    port = server.port();
  }
  EXPECT_EQ(Server(made_up(), {.port = port}).port(), port);
}

TEST(Server, StopBeforeRunIsNotLost) {
  Server server(made_up(), {.port = 0});
  server.stop();
  server.run();
}

Server* signalled = nullptr;

TEST(Server, StopsFromASignalHandler) {
  Server server(made_up(), {.port = 0});
  signalled = &server;
  const auto before = std::signal(SIGUSR1, [](int) { signalled->stop(); });
  std::thread thread([&] { server.run(); });
  httplib::Client client("127.0.0.1", server.port());
  client.set_keep_alive(true);
  EXPECT_EQ(client.Get("/api/recording")->status, 200);
  std::raise(SIGUSR1);
  thread.join();
  std::signal(SIGUSR1, before);
}

TEST(Server, AnswersManyAtOnce) {
  Running running;
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      httplib::Client client("127.0.0.1", running.port());
      client.set_keep_alive(true);
      for (int j = 0; j < 25; ++j) {
        auto result = client.Get("/api/units/12.mlp/345");
        ASSERT_TRUE(result);
        ASSERT_EQ(result->body.size(), 100023u);
      }
    });
  }
  for (auto& client : clients) client.join();
}

}  // namespace
}  // namespace actogram
