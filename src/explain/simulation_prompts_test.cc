#include "explain/simulation_prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actogram/error.h"
#include "explain/test_excerpts_test.h"

namespace actogram {
namespace {

using testing::excerpt_in;
using ::testing::HasSubstr;

// The published structure, letter by letter.
TEST(LevelsRequest, IsThePublishedOne) {
  const ChoiceRequest request =
      levels_request("colour words", excerpt_in(Part::score, {{" the", 0}, {"\t<end>", 2}}));
  ASSERT_EQ(request.messages.size(), 8u);
  EXPECT_EQ(request.messages[0].role, "system");
  EXPECT_EQ(request.messages.back().role, "user");
  EXPECT_EQ(request.messages.back().content,
            "\n\nNeuron 4\nExplanation of neuron 4 behavior: the main thing this neuron does is "
            "find colour words");
  EXPECT_EQ(request.turn,
            "\nActivations: \n<start>\n the\tunknown\n\\t\\u003cend\\u003e\tunknown\n<end>\n");
  ASSERT_EQ(request.places.size(), 2u);
  for (const size_t place : request.places) {
    EXPECT_EQ(request.turn.substr(place - 1, 8), "\tunknown");
  }
  EXPECT_EQ(request.choices.size(), 11u);
  EXPECT_EQ(request.choices[10], "10");
  // Of the examples, the first levels are hidden and the others told.
  EXPECT_THAT(request.messages[2].content, HasSubstr("\n pale\t3\n green\t9\n"));
  EXPECT_THAT(request.messages[2].content, HasSubstr(" scarlet\tunknown\n"));
}

TEST(SimulationPrompt, ShowsTokensAndWantsNumbers) {
  const UnitExcerpt excerpt = excerpt_in(Part::score, {{"a \"b\"", 0}, {"<|end|>\n", 2}});
  const Prompt prompt = simulation_prompt("rain\nor snow", excerpt);
  EXPECT_EQ(prompt.messages.back().content,
            R"({"to_find":"rain\\nor snow","document":"a \"b\"\\u003c|end|>\\n",)"
            R"("activations":[{"token":"a \"b\"","activation":null},)"
            R"({"token":"\\u003c|end|>\\n","activation":null}]})");
  EXPECT_EQ(prompt.schema["properties"]["activations"]["minItems"], 2);
  EXPECT_EQ(prompt.messages.size(), 8u);
  EXPECT_EQ(prompt.messages[2].role, "assistant");
  EXPECT_THAT(prompt.messages[2].content, HasSubstr(R"({"token":" blue","activation":8})"));
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
