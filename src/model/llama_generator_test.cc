#include "model/llama_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "actogram/error.h"
#include "model/llama_embedder.h"
#include "model/llama_tokenizer.h"
#include "model/real_model_test.h"

namespace actogram {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::vector<int32_t> ids(std::string_view text) {
  static const LlamaTokenizer tokenizer(real_model());
  std::vector<Token> tokens;
  tokenizer.tokenize(text, Tokenizer::Special::parse, tokens);
  std::vector<int32_t> found;
  for (const Token& token : tokens) found.push_back(token.id);
  return found;
}

LlamaGenerator& generator() {
  static LlamaGenerator instance(real_model(), {.context = 2048});
  return instance;
}

const std::string kBegin = "<|im_start|>system\nSay one short thing.<|im_end|>\n<|im_start|>user\n";
const std::string kEnd = "<|im_end|>\n<|im_start|>assistant\n";

TokenisedQuestion question(const std::string& text) {
  return {.tokens = ids(kBegin + text + kEnd), .n_shared = ids(kBegin).size()};
}

// A record as simulators are shown it: what comes after each tab?
TokenisedQuestion record(std::vector<size_t>& places) {
  TokenisedQuestion asked{.tokens = ids(kBegin + "Numbers." + kEnd), .n_shared = 0};
  asked.n_shared = ids(kBegin).size();
  for (int line = 0; line < 80; ++line) {
    for (const int32_t id : ids(line % 3 == 0 ? "42\t" : " word\t")) asked.tokens.push_back(id);
    places.push_back(asked.tokens.size() - 1);
    for (const int32_t id : ids(line < 4 ? "0\n" : "unknown\n")) asked.tokens.push_back(id);
  }
  return asked;
}

std::vector<std::vector<int32_t>> levels() {
  std::vector<std::vector<int32_t>> found;
  for (int level = 0; level <= 10; ++level) found.push_back(ids(std::to_string(level)));
  return found;
}

TEST(LlamaGeneratorSlow, AnswersTheSameWhateverWasAskedBefore) {
  const std::string first = generator().answer(question("What colour has the sky?"), {}).text;
  EXPECT_THAT(first, HasSubstr("blue"));
  const WrittenAnswer other = generator().answer(question("Name a fruit."), {.most_tokens = 5});
  EXPECT_EQ(other.n_tokens, 5u);
  EXPECT_FALSE(other.complete);
  const WrittenAnswer again = generator().answer(question("What colour has the sky?"), {});
  EXPECT_EQ(again.text, first);
  EXPECT_TRUE(again.complete);
  LlamaGenerator fresh(real_model(), {.context = 2048, .n_threads = 1});
  EXPECT_EQ(fresh.answer(question("What colour has the sky?"), {}).text, first);
}

TEST(LlamaGeneratorSlow, DrawsBySeed) {
  const auto draw = [](uint64_t seed) {
    return generator()
        .answer(question("Name a fruit."), {.temperature = 1.5, .seed = seed, .most_tokens = 12})
        .text;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(LlamaGeneratorSlow, KeepsToAGrammar) {
  for (const double temperature : {0.0, 1.0}) {
    const WrittenAnswer answer =
        generator().answer(question("How many legs has a spider?"),
                           {.temperature = temperature, .grammar = "root ::= \"n=\" [0-9]{3}"});
    EXPECT_THAT(answer.text, MatchesRegex("n=[0-9][0-9][0-9]"));
    EXPECT_TRUE(answer.complete);
  }
  EXPECT_THROW(generator().answer(question("?"), {.grammar = "root ::= ("}), Error);
}

// The definition: the text up to each place run by itself, from its first token on, and for a
// choice of two tokens once more with the first of them. Rows are rounded to 8 bits before they
// meet weights of 4, so another batch moves a logit by some hundredths.
TEST(LlamaGeneratorSlow, WeighsAllPlacesAtOnceAsOneByOne) {
  std::vector<size_t> places;
  const TokenisedQuestion asked = record(places);
  const auto choices = levels();
  ASSERT_EQ(choices[10].size(), 2u) << "SmolLM2 reads digit by digit";
  const auto at_once = generator().weigh(asked, places, choices);
  LlamaGenerator slow(real_model(), {.context = 2048});
  std::vector<std::vector<int32_t>> digits(choices.begin(), choices.begin() + 10);
  const auto alone = [&](std::vector<int32_t> tokens) {
    const size_t last[] = {tokens.size() - 1};
    return slow.weigh({.tokens = std::move(tokens)}, last, digits)[0];
  };
  for (const size_t i : {0u, 1u, 62u, 63u, 79u}) {
    std::vector<int32_t> before(asked.tokens.begin(),
                                asked.tokens.begin() + static_cast<ptrdiff_t>(places[i]) + 1);
    std::vector<int32_t> with_one = before;
    with_one.push_back(choices[1][0]);
    std::vector<double> expected = alone(before);
    expected.push_back(expected[1] * alone(with_one)[0]);
    expected[1] -= expected[10];
    for (size_t level = 0; level <= 10; ++level) {
      EXPECT_NEAR(std::log(at_once[i][level]), std::log(expected[level]), 0.2)
          << "place " << i << ", level " << level;
    }
  }
  generator().answer(question("Name a fruit."), {.most_tokens = 3});
  EXPECT_EQ(generator().weigh(asked, places, choices), at_once) << "bit by bit";
}

TEST(LlamaGeneratorSlow, RefusesWhatDoesNotFit) {
  std::string message;
  try {
    generator().answer(question(std::string(20'000, 'x')), {});
  } catch (const Error& error) {
    message = error.what();
  }
  EXPECT_THAT(message, HasSubstr("leaves no room in SmolLM2-135M-Instruct.Q4_1.gguf's context of "
                                 "2048 (8192 as trained)"));
  EXPECT_THROW(LlamaGenerator(real_model(), {.context = 8193}), Error);
  const LlamaModel vocabulary(real_model_path(), LlamaModel::Load::vocabulary);
  EXPECT_THROW(LlamaGenerator(vocabulary, {}), Error);
}

TEST(LlamaEmbedderSlow, IsTheSameForATextAndNearForOneLikeIt) {
  LlamaEmbedder embedder(real_model(), 0);
  const auto cosine = [&](const char* one, const char* other) {
    const std::vector<float> a = embedder.embed(ids(one)), b = embedder.embed(ids(other));
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      dot += double{a[i]} * double{b[i]};
      aa += double{a[i]} * double{a[i]}, bb += double{b[i]} * double{b[i]};
    }
    return dot / std::sqrt(aa * bb);
  };
  EXPECT_NEAR(cosine("the cat sat", "the cat sat"), 1, 1e-6);
  EXPECT_GT(cosine("a cat sat on the mat", "a dog sat on the rug"),
            cosine("a cat sat on the mat", "int main() { return 0; }"));
  EXPECT_THROW(embedder.embed({}), Error);
  EXPECT_THROW(embedder.embed(std::vector<int32_t>(kMostEmbeddedTokens + 1, 5)), Error);
}

}  // namespace
}  // namespace actogram
