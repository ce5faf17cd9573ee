#include "codec/lines.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "actogram/error.h"

namespace actogram {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  LineReader reader(std::make_unique<std::istringstream>(text), "test");
  std::vector<std::string> lines;
  while (const auto line = reader.next()) lines.emplace_back(*line);
  EXPECT_EQ(reader.number(), lines.size());
  return lines;
}

TEST(Lines, EndAtALineEndAndTheLastNeedNot) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(lines_of(""), Lines());
  EXPECT_EQ(lines_of("\n"), Lines({""}));
  EXPECT_EQ(lines_of("a\n\nb"), Lines({"a", "", "b"}));
  EXPECT_EQ(lines_of("a\r\nb\n"), Lines({"a\r", "b"}));
  EXPECT_EQ(lines_of("\xef\xbb\xbf"
                     "a\n\xef\xbb\xbf\n"),
            Lines({"a", "\xef\xbb\xbf"}));
}

TEST(Lines, AreTheSameWhereverChunksEnd) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::vector<std::string> expected(1 + rng() % 20);
    std::string text;
    for (std::string& line : expected) {
      line.assign(rng() % 3 == 0 ? rng() % 700'000 : rng() % 50, char('a' + rng() % 26));
      text += line + '\n';
    }
    EXPECT_EQ(lines_of(text), expected);
  }
}

TEST(Lines, StreamsThatCannotBeOpenedAreErrors) {
  EXPECT_THROW(open_stream("/nowhere/at/all"), Error);
  EXPECT_THROW(open_stream("/"), Error);
}

}  // namespace
}  // namespace actogram
