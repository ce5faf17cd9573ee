#include "model/token_offsets.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace actogram {
namespace {

using Pieces = std::vector<std::string>;

std::vector<Token> offsets(std::string_view text, const Pieces& pieces) {
  std::vector<Token> tokens;
  TokenOffsets align(text, 100, tokens);
  for (const std::string& piece : pieces) align.add(7, piece);
  EXPECT_TRUE(align.finish());
  return tokens;
}

// The bytes that each token got.
Pieces parts(std::string_view text, const Pieces& pieces) {
  Pieces found;
  uint64_t end = 100;
  for (const Token& token : offsets(text, pieces)) {
    EXPECT_EQ(token.begin, end);
    EXPECT_GE(token.end, token.begin);
    found.emplace_back(text.substr(token.begin - 100, token.end - token.begin));
    end = token.end;
  }
  EXPECT_EQ(end, 100 + text.size());
  return found;
}

TEST(TokenOffsets, PiecesThatAreTheText) {
  EXPECT_EQ(parts("the cat", {"the", " c", "at"}), (Pieces{"the", " c", "at"}));
}

TEST(TokenOffsets, TokensWithoutBytes) {
  EXPECT_EQ(parts("cat", {"", "c", "", "at", ""}), (Pieces{"", "c", "", "at", ""}));
}

TEST(TokenOffsets, DroppedSpaceGoesToTheNextToken) {
  EXPECT_EQ(parts("<a>  b", {"<a>", "b"}), (Pieces{"<a>", "  b"}));
}

TEST(TokenOffsets, ChangedTokenGetsItsBytes) {
  EXPECT_EQ(parts("Ünder way", {"u", "nder", " way"}), (Pieces{"Ü", "nder", " way"}));
}

TEST(TokenOffsets, WhatIsLeftGoesToTheLastToken) {
  EXPECT_EQ(parts("cat  ", {"cat"}), (Pieces{"cat  "}));
  EXPECT_EQ(parts("ABC", {"x", "y"}), (Pieces{"", "ABC"}));
}

TEST(TokenOffsets, ALongChangedStretchIsLeftAgain) {
  const std::string upper(1000, 'A');
  Pieces pieces(250, "aaaa");
  pieces.push_back("end");
  EXPECT_EQ(parts(upper + "end", pieces).back(), "end");
}

TEST(TokenOffsets, NothingToGiveTheBytesTo) {
  std::vector<Token> tokens;
  EXPECT_FALSE(TokenOffsets("a", 0, tokens).finish());
  EXPECT_TRUE(TokenOffsets("", 0, tokens).finish());
}

TEST(TokenOffsets, CoverWhateverThePieces) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string text;
    for (uint32_t n = random() % 60; n > 0; --n) text += static_cast<char>('a' + random() % 3);
    Pieces pieces(1 + random() % 20);
    for (std::string& piece : pieces) {
      for (uint32_t n = random() % 4; n > 0; --n) piece += static_cast<char>('a' + random() % 4);
    }
    parts(text, pieces);
  }
}

}  // namespace
}  // namespace actogram
