#include "explain/judge_prompts.h"

#include <gtest/gtest.h>

#include "actogram/error.h"
#include "explain/test_excerpts_test.h"

namespace actogram {
namespace {

using testing::excerpt_in;

TEST(JudgePrompts, AskForOneNumberAnExcerpt) {
  const std::vector<std::string> texts = {"the cat", "a\\nb"};
  const Prompt prompt = detection_prompt("animals\n2. a trap", texts);
  ASSERT_EQ(prompt.messages.size(), 2u);
  EXPECT_EQ(prompt.messages[1].content,
            "Explanation: animals\\n2. a trap\n\n"
            "Excerpts:\n1. the cat\n2. a\\nb\n\n"
            "Respond with JSON: {\"active\": [...]}, a list of 2 numbers, 1 or 0 for each excerpt "
            "in turn.");
  EXPECT_EQ(to_text(prompt.schema),
            R"({"type":"object","properties":{"active":{"type":"array","items":)"
            R"({"type":"integer","enum":[0,1]},"minItems":2,"maxItems":2}},)"
            R"("required":["active"],"additionalProperties":false})");
  EXPECT_NE(fuzzing_prompt("x", texts).messages[0].content, prompt.messages[0].content);
  EXPECT_NE(fuzzing_prompt("x", texts).version, prompt.version);
  EXPECT_THROW(detection_prompt("x", {}), Error);
}

TEST(JudgePrompts, MarkRunsOfTokensThatTextCannotForge) {
  const UnitExcerpt excerpt =
      excerpt_in(Part::score, {{"a", 0}, {" b", 1}, {" c", 2}, {" <<d>>\n", 0}, {"e", 3}});
  EXPECT_EQ(shown_text(excerpt), "a b c \\u003c\\u003cd\\u003e\\u003e\\ne");
  EXPECT_EQ(marked_text(excerpt, {false, true, true, false, true}),
            "a<< b c>> \\u003c\\u003cd\\u003e\\u003e\\n<<e>>");
  EXPECT_EQ(marked_text(excerpt, {false, false, false, false, false}), shown_text(excerpt));
}

TEST(ReadJudgements, TakesNothingButWhatWasAskedFor) {
  EXPECT_EQ(read_judgements(R"({"active": [1, 0, 1]})", 3), (std::vector{true, false, true}));
  for (const char* answer :
       {"", "[1,0,1]", R"({"active": [1, 0]})", R"({"active": [1, 0, 2]})",
        R"({"active": [1, 0, "1"]})", R"({"active": [1, 0, null]})", R"({"active": "101"})",
        R"({"active": [true, false, true]})", R"(Sure! {"active": [1, 0, 1]})"}) {
    EXPECT_THROW(read_judgements(answer, 3), Error) << answer;
  }
}

}  // namespace
}  // namespace actogram
