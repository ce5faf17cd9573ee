#include "explain/local_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "actogram/error.h"
#include "model/real_model_test.h"

namespace actogram {
namespace {

using ::testing::HasSubstr;

LocalModel& model() {
  static LocalModel instance({.path = real_model_path(), .context = 2048});
  return instance;
}

const Message kSystem{"system", "You answer in as few words as you can."};

TEST(LocalModelSlow, AnswersInItsOwnTemplate) {
  ChatRequest request;
  request.messages = {kSystem, {"user", "What is the capital of France?"}};
  const ChatReply reply = model().ask(request);
  EXPECT_THAT(reply.text, HasSubstr("Paris"));
  EXPECT_EQ(reply.text.find("<|"), reply.text.npos) << "no markup";
  EXPECT_EQ(reply.model, "SmolLM2-135M-Instruct.Q4_1.gguf");
  EXPECT_GT(reply.prompt_tokens, 20u);
  EXPECT_GT(reply.answer_tokens, 0u);
  request.options.max_tokens = 1;
  EXPECT_THROW(model().ask(request), Error) << "an answer that is cut is a failure";
}

TEST(LocalModelSlow, KeepsToASchema) {
  const Json schema = {
      {"type", "object"},
      {"properties",
       {{"active",
         {{"type", "array"}, {"items", {{"enum", {0, 1}}}}, {"minItems", 4u}, {"maxItems", 4u}}},
        {"why", {{"type", "string"}}}}},
      {"required", {"active", "why"}}};
  const ChatReply reply = model().ask(
      {.messages = {{"user", "Which of 1. cat 2. dog 3. car 4. tree are animals? Answer in JSON."}},
       .schema_name = "animals",
       .schema = schema,
       .options = {.max_tokens = 200}});
  const Json answer = parse_json(reply.text, "answer");
  EXPECT_EQ(answer["active"].size(), 4u);
  EXPECT_TRUE(answer["why"].is_string());
}

// Where a token lies across a place the text is cut there; both ways the places are the asked ones.
TEST(LocalModelSlow, WeighsWhatComesNext) {
  ChoiceRequest request{.messages = {{"user", "Write some lines."}},
                        .turn = "one\t1\ntwo\t2\nthree\t3\nfour\t4\nfive\t5\nsix\t6\n",
                        .places = {},
                        .choices = {"0", "1", "2", "3", "4", "5", "6", "10"}};
  for (size_t at = 0; at < request.turn.size(); ++at) {
    if (request.turn[at] == '\t') request.places.push_back(at + 1);
  }
  const ChoiceReply reply = model().weigh(request);
  ASSERT_EQ(reply.probabilities.size(), 6u);
  for (size_t i = 3; i < 6; ++i) {  // three lines show how it goes on
    const auto& found = reply.probabilities[i];
    EXPECT_EQ(std::ranges::max_element(found) - found.begin(), static_cast<ptrdiff_t>(i) + 1);
    double sum = 0;
    for (const double probability : found) sum += probability;
    EXPECT_GT(sum, 0.5);
    EXPECT_LE(sum, 1 + 1e-9);
  }
  request.turn = "one\t\ntwo\t\n";  // a tab and a line end are one token
  request.places = {4, 9};
  request.choices = {"1"};
  EXPECT_EQ(model().weigh(request).probabilities.size(), 2u);
}

TEST(LocalModelSlow, EmbedsTexts) {
  const std::vector<std::string> texts = {"a cat", "a cat", "12345"};
  const EmbeddingReply reply = model().embed(texts);
  ASSERT_EQ(reply.vectors.size(), 3u);
  EXPECT_EQ(reply.vectors[0], reply.vectors[1]);
  EXPECT_NE(reply.vectors[0], reply.vectors[2]);
  EXPECT_GT(reply.n_tokens, 3u);
}

TEST(LocalModelSlow, RefusesAFileThatIsNone) {
  EXPECT_THROW(LocalModel({.path = "/nowhere.gguf"}), Error);
  EXPECT_THROW(LocalModel({.path = real_model_path(), .context = 1'000'000}), Error);
}

}  // namespace
}  // namespace actogram
