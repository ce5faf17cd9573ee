#include "model/fake_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "actogram/error.h"

namespace actogram {
namespace {

const std::vector<int32_t> kOne = {1, 2, 3, 2, 1};
const std::vector<int32_t> kTwo = {2, 2};
const std::vector<std::span<const int32_t>> kBatch = {kOne, kTwo};

TEST(FakeModel, RunHandsOutItsValues) {
  FakeModel model({.tile = 4, .padding = 3});
  size_t n_sites = 0;
  model.run(kBatch, [&](const SiteValues& found) {
    EXPECT_EQ(found.site, n_sites++);
    EXPECT_EQ(found.n_rows, 12u);
    EXPECT_EQ(found.first_row[1], 8u);
    for (uint32_t unit = 0; unit < 16; ++unit) {
      EXPECT_EQ(found.row(1)[unit], model.value(found.site, unit, 2, 1, 1));
      EXPECT_EQ(found.row(9)[unit], model.value(found.site, unit, 2, 1, 2));
      EXPECT_TRUE(std::isnan(found.row(5)[unit]));
    }
  });
  EXPECT_EQ(n_sites, 3u);
}

TEST(FakeModel, ValuesDependOnEachOfTheirPlaces) {
  const FakeModel model;
  const float value = model.value(1, 5, 7, 3, 2);
  EXPECT_EQ(model.value(1, 5, 7, 3, 2), value);
  EXPECT_NE(model.value(2, 5, 7, 3, 2), value);
  EXPECT_NE(model.value(1, 6, 7, 3, 2), value);
  EXPECT_NE(model.value(1, 5, 8, 3, 2), value);
  EXPECT_NE(model.value(1, 5, 7, 4, 2), value);
  EXPECT_NE(model.value(1, 5, 7, 3, 1), value);
  EXPECT_NE(FakeModel({.seed = 1}).value(1, 5, 7, 3, 2), value);
}

TEST(FakeModel, HasZerosAndTiesAndNoMore) {
  const FakeModel model;
  std::set<float> tied;
  size_t n_zero = 0;
  for (int32_t token = 0; token < 4000; ++token) {
    const float value = model.value(0, 3, token, 0, -1);
    ASSERT_TRUE(std::isfinite(value));
    n_zero += value == 0;
    tied.insert(model.value(0, 8, token, 0, -1));
  }
  EXPECT_NEAR(static_cast<double>(n_zero), 250, 80);
  EXPECT_LT(tied.size(), 12u);
}

TEST(FakeModel, InjectsWhatIsNotFinite) {
  const FakeModel model({.nan_every = 10, .infinite_every = 10});
  size_t n_nan = 0, n_infinite = 0;
  for (int32_t token = 0; token < 4000; ++token) {
    const float value = model.value(0, 3, token, 0, -1);
    n_nan += std::isnan(value);
    n_infinite += std::isinf(value);
  }
  EXPECT_NEAR(static_cast<double>(n_nan), 400, 100);
  EXPECT_NEAR(static_cast<double>(n_infinite), 360, 100);
}

TEST(FakeModel, RefusesWhatDoesNotFit) {
  FakeModel model({.batch_rows = 6, .context = 5});
  const FakeModel::Sink nothing = [](const SiteValues&) {};
  EXPECT_THROW(model.run(kBatch, nothing), Error);
  const std::vector<int32_t> six(6, 1);
  EXPECT_THROW(model.run(std::vector<std::span<const int32_t>>{six}, nothing), Error);
}

TEST(FakeTokenizer, WordsAndBytesCoverTheText) {
  const FakeTokenizer tokenizer({"the", " cat"});
  std::vector<Token> tokens;
  const std::string text = "the cat \xff sat";
  tokenizer.tokenize(text, Tokenizer::Special::as_text, tokens);
  EXPECT_EQ(tokens[0], (Token{257, 0, 3}));
  EXPECT_EQ(tokens[1], (Token{258, 3, 7}));
  EXPECT_EQ(tokens.size(), 8u);
  std::string pieces;
  for (const Token& token : tokens) pieces += tokenizer.piece(token.id);
  EXPECT_EQ(pieces, text);
  EXPECT_EQ(tokenizer.piece(256), "");
}

}  // namespace
}  // namespace actogram
