#include "llm/endpoint_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace actogram {
namespace {

using std::chrono::milliseconds;
using Headers = std::map<std::string, std::string>;

TEST(ChatBody, IsWhatOpenAIsDocumentationSays) {
  ChatRequest request;
  request.messages = {{"system", "be brief"}, {"user", "\"hi\"\n"}};
  request.options = {.temperature = 0.5, .max_tokens = 60, .seed = 7};
  EXPECT_EQ(chat_body(request, "m", SchemaUse::asked_for),
            R"({"model":"m","messages":[{"role":"system","content":"be brief"},)"
            R"({"role":"user","content":"\"hi\"\n"}],"temperature":0.5,"max_tokens":60,"seed":7})");
  request.schema_name = "s";
  request.schema = {{"type", "object"}};
  const std::string asked = chat_body(request, "m", SchemaUse::asked_for);
  EXPECT_NE(asked.find(R"("response_format":{"type":"json_schema","json_schema":)"
                       R"({"name":"s","strict":true,"schema":{"type":"object"}}})"),
            asked.npos);
  EXPECT_NE(chat_body(request, "m", SchemaUse::as_object)
                .find(R"("response_format":{"type":"json_object","schema":{"type":"object"}})"),
            asked.npos);
  EXPECT_EQ(chat_body(request, "m", SchemaUse::left_out).find("response_format"), asked.npos);
}

TEST(ChatBody, AsksForChancesWhereTheyAreWanted) {
  ChatRequest request;
  request.messages = {{"user", "0 or 1?"}};
  const auto asks = [&](SchemaUse use) {
    return chat_body(request, "m", use).find("logprobs") != std::string::npos;
  };
  EXPECT_FALSE(asks(SchemaUse::asked_for));
  request.wants_chances = true;
  EXPECT_TRUE(asks(SchemaUse::asked_for));
  EXPECT_FALSE(asks(SchemaUse::left_out));
  EXPECT_THAT(chat_body(request, "m", SchemaUse::asked_for),
              ::testing::HasSubstr(R"("logprobs":true,"top_logprobs":15)"));
}

std::vector<TokenChance> chances_in(const std::string& logprobs) {
  return read_chat_reply(R"({"choices":[{"message":{"content":"1"},"logprobs":)" + logprobs + "}]}",
                         "x")
      .first_token;
}

TEST(ReadChatReply, TakesTheChancesOfTheFirstToken) {
  const auto chances = chances_in(
      R"({"content":[{"token":"1","logprob":-0.1,"top_logprobs":[{"token":"1","logprob":-0.5},)"
      R"({"token":" 0","logprob":-2},{"token":"never","logprob":-9999}]},{"top_logprobs":[]}]})");
  ASSERT_EQ(chances.size(), 2u);
  EXPECT_EQ(chances[0].text, "1");
  EXPECT_DOUBLE_EQ(chances[0].chance, std::exp(-0.5));
  EXPECT_EQ(chances[1].text, " 0");
  EXPECT_DOUBLE_EQ(chances[1].chance, std::exp(-2.0));
}

TEST(ReadChatReply, ChancesThatAreNoneAreNotThere) {
  for (const char* logprobs :
       {"null", "[]", "{}", R"({"content":null})", R"({"content":[]})", R"({"content":[7]})",
        R"({"content":[{"top_logprobs":null}]})", R"({"content":[{"top_logprobs":[1,{},"x"]}]})",
        R"({"content":[{"top_logprobs":[{"token":1,"logprob":-1}]}]})",
        R"({"content":[{"top_logprobs":[{"token":"1","logprob":null}]}]})"}) {
    EXPECT_TRUE(chances_in(logprobs).empty()) << logprobs;
  }
}

TEST(ReadChatReply, TakesTheAnswerAndTheCounts) {
  const ChatReply reply = read_chat_reply(
      R"({"model":"m-2","choices":[{"message":{"role":"assistant","content":"yes"},)"
      R"("finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3}})",
      "x");
  EXPECT_EQ(reply.text, "yes");
  EXPECT_EQ(reply.model, "m-2");
  EXPECT_EQ(reply.prompt_tokens, 12u);
  EXPECT_EQ(reply.answer_tokens, 3u);
}

TEST(ReadChatReply, RefusesEverythingElse) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"choices":[]})", R"({"choices":"yes"})",
        R"({"choices":[{"message":{}}]})", R"({"choices":[{"message":{"content":null}}]})",
        R"({"choices":[{"message":{"content":""}}]})", R"({"choices":["yes"]})",
        R"({"choices":[{"message":{"content":"y"},"finish_reason":"length"}]})",
        R"({"choices":[{"message":{"content":"y"},"finish_reason":"content_filter"}]})"}) {
    EXPECT_THROW(read_chat_reply(body, "x"), Error) << body;
  }
}

TEST(Embeddings, AreAskedForAndReadByTheirIndex) {
  const std::vector<std::string> texts = {"a", "\"b\"\n"};
  EXPECT_EQ(embeddings_body(texts, "m"),
            R"({"model":"m","input":["a","\"b\"\n"],"encoding_format":"float"})");
  const EmbeddingReply reply =
      read_embeddings(R"({"data":[{"index":1,"embedding":[3,-4]},{"index":0,"embedding":[0.5,1]}],)"
                      R"("usage":{"prompt_tokens":7,"total_tokens":7}})",
                      2, "x");
  EXPECT_EQ(reply.vectors, (std::vector<std::vector<float>>{{0.5f, 1}, {3, -4}}));
  EXPECT_EQ(reply.n_tokens, 7u);
}

TEST(Embeddings, RefuseEverythingElse) {
  for (const char* body :
       {"", "{}", R"({"data":{}})", R"({"data":[{"index":0,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":-1,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":["1"]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1e300]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":"AACAPw=="}]})"}) {
    EXPECT_THROW(read_embeddings(body, 2, "x"), Error) << body;
  }
}

TEST(ErrorText, IsOneShortLine) {
  EXPECT_EQ(error_text(R"({"error":{"message":"no\nsuch model"}})"), "no such model");
  EXPECT_EQ(error_text(R"({"error":"busy"})"), "busy");
  EXPECT_EQ(error_text("<h1>502</h1>\n"), "<h1>502</h1> ");
  EXPECT_EQ(error_text(R"({"error":[]})"), R"({"error":[]})");
  const std::string cut = error_text(std::string(299, 'x') + "é");
  EXPECT_EQ(cut, std::string(299, 'x'));
}

TEST(AskedWait, ReadsWhatHostsSend) {
  const auto wait = [](Headers headers) { return asked_wait(headers); };
  EXPECT_EQ(wait({{"retry-after", "20"}}), milliseconds(20'000));
  EXPECT_EQ(wait({{"retry-after", "0.5"}}), milliseconds(500));
  EXPECT_EQ(wait({{"retry-after", "20"}, {"retry-after-ms", "150"}}), milliseconds(150));
  EXPECT_EQ(wait({{"x-ratelimit-remaining-requests", "0"},
                  {"x-ratelimit-reset-requests", "1m30s"},
                  {"x-ratelimit-remaining-tokens", "0"},
                  {"x-ratelimit-reset-tokens", "250ms"}}),
            milliseconds(90'000));
  EXPECT_EQ(wait({{"x-ratelimit-remaining-tokens", "5"}, {"x-ratelimit-reset-tokens", "9s"}}),
            std::nullopt);
  for (const char* text : {"", "soon", "-1", "1x", "s", "Wed, 21 Oct 2015 07:28:00 GMT"}) {
    EXPECT_EQ(wait({{"retry-after", text}}), std::nullopt) << text;
  }
  EXPECT_EQ(wait({{"retry-after", "999999999999999999"}}), milliseconds(24 * 3600 * 1000));
}

}  // namespace
}  // namespace actogram
