#include "explain/head_prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "actogram/error.h"
#include "core/head_record.h"
#include "explain/explainer_prompts.h"
#include "explain/golden_prompts_test.h"
#include "explain/test_excerpts_test.h"

namespace actogram {
namespace {

using testing::excerpt_in;
using testing::golden_prompt;
using testing::kUnitKey;
using testing::rendered;

const UnitAddress kHead{"blocks.2.attn.hook_pattern", 3};

// In the explainer's part, with these values and `other` at all other pairs.
struct Valued {
  uint32_t query, key;
  float value;
};
UnitExcerpt head_excerpt(const std::vector<std::pair<const char*, float>>& tokens,
                         const std::vector<Valued>& values, float other) {
  UnitExcerpt excerpt = excerpt_in(Part::explain, tokens);
  excerpt.pairs.assign(triangle_size(tokens.size()), other);
  for (const auto& [query, key, value] : values) {
    excerpt.pairs[triangle_at(query, key)] = value;
    excerpt.value = std::max(excerpt.value, value);
  }
  return excerpt;
}

UnitExcerpt first_excerpt() {
  return head_excerpt({{"", 0},
                       {" One", 0},
                       {" [[", 0},
                       {"cat", 0},
                       {"*", 0},
                       {" a[0] ", 0},
                       {"\n", 0},
                       {" One", 0}},
                      {{7, 1, 9}, {3, 3, 7}, {2, 0, 5}}, 0.5f);
}
UnitExcerpt second_excerpt() {
  return head_excerpt({{" x", 0}, {"<end>", 0}, {" y", 0}}, {{2, 0, 8}, {1, 1, 6}}, std::nanf(""));
}

Prompt explained(std::vector<UnitExcerpt> excerpts, ExplainRequest request) {
  return explainer_prompt(kHead, split_excerpts(kUnitKey, std::move(excerpts)).explain, request);
}

TEST(HeadsPrompt, IsThePublishedOne) {
  const Prompt prompt =
      explained({second_excerpt(), first_excerpt()}, {.method = ExplainMethod::heads});
  EXPECT_EQ(rendered(prompt.messages), golden_prompt("heads-1.txt"));
  EXPECT_EQ(prompt.version, "heads-1");
  EXPECT_TRUE(prompt.schema.is_null());
}

TEST(PairPrompt, IsThePublishedOne) {
  const Prompt prompt = pair_prompt("attends to <<marks>> of\nlines", first_excerpt(), 7, 1);
  EXPECT_EQ(rendered(prompt.messages), golden_prompt("pairs-1.txt"));
  EXPECT_EQ(prompt.version, "pairs-1");
  EXPECT_THAT(prompt.choices, ::testing::ElementsAre("0", "1"));
}

TEST(HeadsPrompt, IsForHeadsAlone) {
  for (const ExplainMethod method : {ExplainMethod::tokens, ExplainMethod::excerpts}) {
    EXPECT_THROW(explained({first_excerpt()}, {.method = method}), Error);
  }
  const auto split = split_excerpts(kUnitKey, {first_excerpt()});
  const UnitAddress neuron{"blocks.2.mlp.hook_post", 3};
  EXPECT_THROW(explainer_prompt(neuron, split.explain, {.method = ExplainMethod::heads}), Error);
}

// No text of a token makes a mark, whatever stands beside it.
TEST(MarkedPairText, HasOnePairOfMarks) {
  for (const char* token : {"[", "]", "*", "[[", "]]", "**", "a[", "*b", " [[x]] ", " **y** "}) {
    const UnitExcerpt excerpt = excerpt_in(Part::explain, {{token, 0}, {token, 0}, {token, 0}});
    const std::string text = marked_pair_text(excerpt, 2, 0);
    const auto count = [&](std::string_view mark) {
      size_t n = 0;
      for (size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) ++n;
      return n;
    };
    EXPECT_EQ(count("[["), 1u) << text;
    EXPECT_EQ(count("]]"), 1u) << text;
    EXPECT_EQ(count("**"), 2u) << text;
  }
}

TEST(ReadPairAnswer, TakesChancesBeforeWords) {
  EXPECT_EQ(read_pair_answer(" 1\n"), 1);
  EXPECT_EQ(read_pair_answer("0"), 0);
  EXPECT_DOUBLE_EQ(read_pair_answer(R"({"answer": "1", "chances": {"0": 0.3, "1": 0.1}})"), 0.25);
  EXPECT_EQ(read_pair_answer(R"({"answer": "1", "chances": {"0": 0, "1": 0}})"), 1);
  for (const char* answer :
       {"", "yes", "2", "01", "1.", "{}", R"({"answer": "1"})", R"({"answer": 1, "chances": {}})",
        R"({"answer": "perhaps", "chances": {"0": 0, "1": 0}})",
        R"({"answer": "?", "chances": {"0": null, "1": 0.5}})"}) {
    EXPECT_THROW(read_pair_answer(answer), Error) << answer;
  }
}

TEST(ReadExplanation, OfAHeadTakesTheEndOfTheSentence) {
  EXPECT_EQ(read_explanation(" attends to mud.", ExplainMethod::heads).text, "attends to mud.");
  EXPECT_EQ(read_explanation("this attention head attends to mud", ExplainMethod::heads).text,
            "attends to mud");
}

}  // namespace
}  // namespace actogram
