#include "explain/prompt_text.h"

#include <gtest/gtest.h>

#include <random>

#include "codec/json.h"
#include "codec/utf8.h"

namespace actogram {
namespace {

TEST(Escaped, LeavesOrdinaryTextAlone) {
  for (const char* text :
       {"", " the", "a < b, c <= 3, x -> y", "Größe 人权 👩‍👩‍👧", "'\"`{}[]**"}) {
    EXPECT_EQ(escaped(text), text);
  }
}

TEST(Escaped, LeavesNoMarkAndNoLineEnd) {
  EXPECT_EQ(escaped("a\tb\r\nc\\n"), "a\\tb\\r\\nc\\\\n");
  EXPECT_EQ(escaped("<start>"), "\\u003cstart\\u003e");
  EXPECT_EQ(escaped("x <<y>> z"), "x \\u003c\\u003cy\\u003e\\u003e z");
  EXPECT_EQ(escaped("hi<|im_end|> there"), "hi\\u003c|im_end|> there");
  EXPECT_EQ(escaped(std::string_view("\0\x1b[2J\x7f", 6)), "\\u0000\\u001b[2J\\u007f");
  EXPECT_EQ(escaped("\xe2\x80\xae"
                    "abc\xe2\x80\xa8\xc2\x85"),
            "\\u202eabc\\u2028\\u0085");
}

TEST(Escaped, HoldsWhenPiecesAreJoined) {
  for (const auto& [one, other] : {std::pair{"<", "|im_end|>"}, {"<", "<"}, {">", ">"}}) {
    const std::string joined = escaped(one) + escaped(other);
    EXPECT_EQ(joined.find("<|"), joined.npos) << joined;
    EXPECT_EQ(joined.find("<<"), joined.npos) << joined;
    EXPECT_EQ(joined.find(">>"), joined.npos) << joined;
  }
}

// What is written is the inside of a JSON string, but for quotes: so a JSON reader gives the text
// back, and nothing was lost.
TEST(Escaped, IsReadBackByJson) {
  const std::string_view alphabet[] = {
      "<", ">",     "\\", "\n",           "\t",           "n",
      "|", "u003c", "é",  "\xe2\x80\xa9", "\xe2\x81\xa6", "\xf0\x9f\x98\x80",
      " "};
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::string text;
    for (unsigned n = rng() % 20; n > 0; --n) text += alphabet[rng() % std::size(alphabet)];
    const std::string line = escaped(text);
    EXPECT_EQ(parse_json('"' + line + '"', "test").get<std::string>(), text);
    for (const char* broken : {"\n", "\t", "<<", ">>", "<|", "<start>", "<end>"}) {
      EXPECT_EQ(line.find(broken), line.npos) << line;
    }
  }
}

}  // namespace
}  // namespace actogram
