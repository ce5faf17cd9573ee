#include "explain/judge_prompts.h"

#include <gtest/gtest.h>

#include "actogram/error.h"
#include "explain/golden_prompts_test.h"
#include "explain/test_excerpts_test.h"

namespace actogram {
namespace {

using testing::excerpt_in;
using testing::golden_prompt;
using testing::rendered;

TEST(JudgePrompts, AskForOneNumberAnExcerpt) {
  const std::vector<std::string> texts = {"the cat", "a\\nb"};
  const Prompt prompt = detection_prompt("animals\n2. a trap", texts);
  EXPECT_EQ(rendered(prompt.messages), golden_prompt("detection-1.txt"));
  EXPECT_EQ(prompt.version, "detection-1");
  EXPECT_EQ(to_text(prompt.schema),
            R"({"type":"object","properties":{"active":{"type":"array","items":)"
            R"({"type":"integer","enum":[0,1]},"minItems":2,"maxItems":2}},)"
            R"("required":["active"],"additionalProperties":false})");
  const Prompt fuzzing = fuzzing_prompt("animals\n2. a trap", texts);
  EXPECT_EQ(rendered(fuzzing.messages), golden_prompt("fuzzing-1.txt"));
  EXPECT_EQ(fuzzing.version, "fuzzing-1");
  EXPECT_EQ(to_text(fuzzing.schema), to_text(prompt.schema));
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
