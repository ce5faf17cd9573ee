#include "explain/simulation_prompts.h"

#include <gtest/gtest.h>

#include "actogram/error.h"
#include "explain/golden_prompts_test.h"
#include "explain/test_excerpts_test.h"

namespace actogram {
namespace {

using testing::excerpt_in;
using testing::golden_prompt;
using testing::rendered;

// The published structure, letter by letter.
TEST(LevelsRequest, IsThePublishedOne) {
  const ChoiceRequest request =
      levels_request("colour\nwords", excerpt_in(Part::score, {{" the", 0}, {"\t<end>", 2}}));
  std::vector<Message> messages = request.messages;
  messages.push_back({"assistant", request.turn});
  EXPECT_EQ(rendered(messages), golden_prompt("simulation-levels-1.txt"));
  ASSERT_EQ(request.places.size(), 2u);
  for (const size_t place : request.places) {
    EXPECT_EQ(request.turn.substr(place - 1, 8), "\tunknown");
  }
  EXPECT_EQ(request.choices.size(), 11u);
  EXPECT_EQ(request.choices[10], "10");
}

TEST(SimulationPrompt, ShowsTokensAndWantsNumbers) {
  const UnitExcerpt plain = excerpt_in(Part::score, {{" the", 0}, {"\t<end>", 2}});
  const Prompt whole = simulation_prompt("colour\nwords", plain);
  EXPECT_EQ(rendered(whole.messages), golden_prompt("simulation-json-1.txt"));
  EXPECT_EQ(whole.version, "simulation-json-1");
  const UnitExcerpt excerpt = excerpt_in(Part::score, {{"a \"b\"", 0}, {"<|end|>\n", 2}});
  const Prompt prompt = simulation_prompt("rain\nor snow", excerpt);
  EXPECT_EQ(prompt.messages.back().content,
            R"({"to_find":"rain\\nor snow","document":"a \"b\"\\u003c|end|>\\n",)"
            R"("activations":[{"token":"a \"b\"","activation":null},)"
            R"({"token":"\\u003c|end|>\\n","activation":null}]})");
  EXPECT_EQ(prompt.schema["properties"]["activations"]["minItems"], 2);
}

TEST(ReadSimulation, TakesNothingButWhatWasAskedFor) {
  const UnitExcerpt excerpt = excerpt_in(Part::score, {{"a", 0}, {"\n", 2}});
  const std::string begin = R"({"activations": [{"token": "a", "activation": 3}, )";
  EXPECT_EQ(read_simulation(begin + R"({"token": "\\n", "activation": 0.5}]})", excerpt),
            (std::vector{3.0, 0.5}));
  for (const char* end :
       {"]}", R"({"token": "a", "activation": 0}]})", R"({"token": "\\n"}]})", R"([0, 1]]})",
        R"({"token": "\\n", "activation": null}]})", R"({"token": "\\n", "activation": 11}]})",
        R"({"token": "\\n", "activation": -1}]})", R"({"token": "\\n", "activation": "3"}]})",
        R"({"token": "\\n", "activation": 3}, {"token": "b", "activation": 3}]})"}) {
    EXPECT_THROW(read_simulation(begin + end, excerpt), Error) << end;
  }
}

}  // namespace
}  // namespace actogram
