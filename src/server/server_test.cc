// A real server on loopback and a real client; the documents are made up.
#include "server/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "server/assets.h"
#include "server/made_up_server_test.h"
#include "server/raw_client_test.h"

namespace actogram {
namespace {

using namespace std::chrono_literals;
using testing::documents_of;
using ::testing::HasSubstr;
using testing::made_up;
using ::testing::Not;
using testing::Running;

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
