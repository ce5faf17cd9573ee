#include "query/pieces.h"

#include <gtest/gtest.h>

#include <random>

#include "actogram/error.h"

namespace actogram {
namespace {

// One token for every `n` bytes: tears characters apart like a byte-level vocabulary.
std::vector<Token> tokens_of(std::string_view text, size_t n) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < text.size(); at += n) {
    tokens.push_back({static_cast<int32_t>(at), at, std::min(at + n, text.size())});
  }
  return tokens;
}

TEST(PiecesOf, ShowsEveryCharacterOnceAndFindsEveryToken) {
  const std::string text = "a é 漢字 👩‍👩‍👧 عربى z";
  for (const size_t n : {1, 2, 3, 5, 100}) {
    const auto tokens = tokens_of(text, n);
    const std::vector<float> values(tokens.size(), 1.5f);
    std::string shown;
    uint32_t position = 10;
    for (const Piece& piece : pieces_of(text, tokens, 10, values)) {
      EXPECT_TRUE(piece.valid);
      shown += piece.text;
      for (const PieceToken& token : piece.tokens) EXPECT_EQ(token.position, position++);
    }
    EXPECT_EQ(shown, text) << n;
    EXPECT_EQ(position, 10 + tokens.size());
  }
}

TEST(PiecesOf, MarksBytesThatAreNotText) {
  const std::string text = "a\xff z";
  const auto pieces = pieces_of(text, tokens_of(text, 1), 0, std::vector<float>(4));
  ASSERT_EQ(pieces.size(), 4u);
  EXPECT_EQ(pieces[1].text, "\\xff");
  EXPECT_FALSE(pieces[1].valid);
}

TEST(PiecesOf, ShowsACharacterWholeThoughTheWindowCutsIt) {
  const std::string text = "漢字";  // three bytes each
  const auto all = tokens_of(text, 1);
  const auto pieces = pieces_of(text, std::span(all).subspan(1, 3), 1, std::vector<float>(3));
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].text, "漢");
  EXPECT_EQ(pieces[1].text, "字");
}

TEST(PiecesOf, GivesATokenWithoutBytesAPieceOfItsOwn) {
  const std::vector<Token> tokens = {{1, 0, 0}, {2, 0, 2}};
  const auto pieces = pieces_of("ab", tokens, 0, std::vector<float>(2));
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].text, "");
  EXPECT_EQ(pieces[1].text, "ab");
}

TEST(PiecesOf, RefusesOffsetsOutsideTheText) {
  const std::vector<Token> tokens = {{1, 0, 9}};
  EXPECT_THROW(pieces_of("ab", tokens, 0, std::vector<float>(1)), Error);
}

}  // namespace
}  // namespace actogram
