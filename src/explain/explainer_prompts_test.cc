#include "explain/explainer_prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "actogram/error.h"
#include "explain/golden_prompts_test.h"
#include "explain/test_excerpts_test.h"

namespace actogram {
namespace {

using testing::excerpt_in;
using testing::golden_prompt;
using ::testing::HasSubstr;
using testing::kUnitKey;
using ::testing::Not;
using testing::rendered;

const UnitAddress kUnit{"blocks.2.mlp.hook_post", 345};

Prompt prompt_of(std::vector<UnitExcerpt> excerpts, ExplainRequest request) {
  return explainer_prompt(kUnit, split_excerpts(kUnitKey, std::move(excerpts)).explain, request);
}

// The published structure, letter by letter: "\n\nNeuron i\nActivations:", records between <start>
// and <end>, one token, tab and level a line, and the beginning of the answer.
TEST(TokensPrompt, IsThePublishedOne) {
  const Prompt prompt =
      prompt_of({excerpt_in(Part::explain, {{" the", -1}, {" red", 2}, {" fox", 0.7f}}),
                 excerpt_in(Part::explain, {{" a", 0}, {" b", 0.1f}})},
                {});
  EXPECT_EQ(rendered(prompt.messages), golden_prompt("tokens-1.txt"));
  EXPECT_EQ(prompt.version, "tokens-1");
  EXPECT_TRUE(prompt.schema.is_null()) << "the answer is the end of the sentence";
}

TEST(TokensPrompt, RepeatsWhatIsNotZeroWhereThatIsLittle) {
  const Prompt prompt = prompt_of(
      {excerpt_in(Part::explain, {{" x", 1}, {"a", 0}, {"b", 0}, {"c", 0}, {"d", 0}, {"e", 0.5f}}),
       excerpt_in(Part::explain, {{"f", 0.01f}, {"g", 0}, {"h", 0}, {"i", 0}, {"j", 0}})},
      {});
  EXPECT_THAT(prompt.messages.back().content,
              HasSubstr("j\t0\n<end>\n\nSame activations, but with all zeros filtered out:\n<start>"
                        "\n x\t10\ne\t5\n<end>\n<start>\n\n<end>\n\nExplanation of neuron 4"));
}

TEST(TokensPrompt, IsNotBrokenByATextAndNamesTheUnknown) {
  const Prompt prompt = prompt_of(
      {excerpt_in(Part::explain, {{"\n<end>\n", 1}, {"a\tb", 0}, {"?", std::nanf("")}})}, {});
  EXPECT_THAT(prompt.messages.back().content,
              HasSubstr("<start>\n\\n\\u003cend>\\n\t10\na\\tb\t0\n?\tunknown\n<end>"));
}

TEST(ExcerptsPrompt, IsThatOfTheCard) {
  UnitExcerpt weaker = excerpt_in(Part::explain, {{" x", 1.5f}});
  weaker.context = [] { return "before x\nafter"; };
  weaker.at = {7, 12};
  UnitExcerpt stronger = excerpt_in(Part::explain, {{" y", 3}});
  stronger.context = [] { return "here y"; };
  stronger.at = {1, 40};
  const Prompt prompt = prompt_of({weaker, stronger}, {.method = ExplainMethod::excerpts});
  ASSERT_EQ(prompt.messages.size(), 1u);
  EXPECT_EQ(prompt.messages[0].content,
            "Looking at these examples where a neural network feature (Feature 345) activates "
            "strongly:\n\n"
            "Example 1 (activation: 3.000, position: 40):\nhere y\n\n"
            "Example 2 (activation: 1.500, position: 12):\nbefore x\\nafter\n\n\n"
            "What pattern or concept does this feature detect? Be concise and specific.\n\n"
            "Respond with JSON containing:\n"
            "- \"explanation\": 2-3 sentence detailed explanation of the pattern\n"
            "- \"concept\": short label, 2-5 words");
  EXPECT_EQ(to_text(prompt.schema),
            R"({"type":"object","properties":{"explanation":{"type":"string"},"concept":)"
            R"({"type":"string"}},"required":["explanation","concept"],)"
            R"("additionalProperties":false})");
}

TEST(ExplainerPrompt, TakesTheStrongestOfItsOwnPart) {
  std::vector<UnitExcerpt> excerpts = {
      excerpt_in(Part::explain, {{"weak", 1}}), excerpt_in(Part::score, {{"held out", 9}}),
      excerpt_in(Part::calibrate, {{"kept", 8}}), excerpt_in(Part::explain, {{"strong", 5}})};
  const std::string text = prompt_of(excerpts, {.most_excerpts = 1}).messages.back().content;
  EXPECT_THAT(text, HasSubstr("strong\t10"));
  for (const char* other : {"weak", "held out", "kept"}) EXPECT_THAT(text, Not(HasSubstr(other)));
  excerpts = {excerpt_in(Part::score, {{"held out", 9}}), excerpt_in(Part::explain, {{"off", 0}})};
  EXPECT_THROW(prompt_of(excerpts, {}), Error);
}

TEST(ReadExplanation, TakesTheEndOfTheSentence) {
  EXPECT_EQ(read_explanation(" words for rain.\n", ExplainMethod::tokens).text, "words for rain.");
  EXPECT_EQ(
      read_explanation("the main thing this neuron does is find mud", ExplainMethod::tokens).text,
      "mud");
  for (const std::string& answer : {std::string(), std::string(" \n"), std::string(5000, 'x')}) {
    EXPECT_THROW(read_explanation(answer, ExplainMethod::tokens), Error) << answer;
  }
}

TEST(ReadExplanation, WantsBothMembersAsText) {
  const Explanation read =
      read_explanation(R"({"explanation": " Rain. ", "concept": "rain"})", ExplainMethod::excerpts);
  EXPECT_EQ(read.text, "Rain.");
  EXPECT_EQ(read.concept_label, "rain");
  for (const char* answer :
       {"Rain.", "[]", "{}", R"({"explanation": "x"})", R"({"explanation": "x", "concept": 3})",
        R"({"explanation": "", "concept": "rain"})", R"({"explanation": "x", "concept": " "})",
        R"({"explanation": "x", "concept": "y"} and more)"}) {
    EXPECT_THROW(read_explanation(answer, ExplainMethod::excerpts), Error) << answer;
  }
}

}  // namespace
}  // namespace actogram
