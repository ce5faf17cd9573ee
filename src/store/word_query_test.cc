#include "store/word_query.h"

#include <gtest/gtest.h>

#include <random>

#include "actogram/error.h"
#include "store/search_words.h"

namespace actogram {
namespace {

bool finds(std::string_view question, std::string_view text, std::string_view other = "") {
  return WordQuery(question).finds({text, other});
}

TEST(WordQuery, WantsAllWordsWhateverTheirCaseAndAccents) {
  EXPECT_TRUE(finds("roof RAIN", "Rain, on the roof"));
  EXPECT_FALSE(finds("roof rain", "raining on the roof")) << "whole words";
  EXPECT_TRUE(finds("CAFE", "the caf\u00e9's door"));
  EXPECT_TRUE(finds("caf\u00e9", "the CAFE"));
  EXPECT_TRUE(finds("\u65e5\u672c", "\u65e5\u672c, twice"));
  EXPECT_TRUE(finds("\u0130", "i")) << "a dotted capital I";
}

TEST(WordQuery, TakesWhatStandsTogetherAsAPhrase) {
  EXPECT_TRUE(finds("9-to-5", "from 9 to 5"));
  EXPECT_FALSE(finds("9-to-5", "to 9, 5"));
  EXPECT_TRUE(finds("rain roof", "rain", "a roof")) << "words may be in two columns";
  EXPECT_FALSE(finds("rain-roof", "rain", "roof")) << "a phrase may not";
}

TEST(WordQuery, LeavesOutPunctuationBesideWords) {
  EXPECT_TRUE(finds("rain !", "rain"));
  EXPECT_FALSE(finds("! -", "rain ! -"));
  EXPECT_THROW(WordQuery(" \n"), Error);
}

// Words of every kind that the tokenizer tells apart, and bytes that are no text.
constexpr const char* kParts[] = {"rain",        "Rain",       "RAIN",
                                  "a",           "A",          "9",
                                  "\u0663",      "caf\u00e9",  "CAFE\u0301",
                                  "cafe",        "\u65e5",     "\u65e5\u672c",
                                  "stra\u00dfe", "STRASSE",    "\u0130",
                                  "i",           "I",          "\u0131",
                                  "\u212a",      "k",          "\u023a",
                                  "\U0001f389",  "na\u00efve", "\u0391\u03b8\u03ae\u03bd\u03b1",
                                  "\u00b2",      "\u00bd",     "\u05d0\u05b8",
                                  "\xff",        "\xe6\x97",   "'",
                                  "-",           "_",          ".",
                                  "\"",          "*",          " ",
                                  " ",           " ",          "\t",
                                  "\n",          "\u00a0",     "\u200d",
                                  "OR",          "NOT"};

std::string random_text(std::mt19937& random, size_t longest) {
  std::string text;
  for (size_t n = random() % (longest + 1); n > 0; --n) {
    text += kParts[random() % std::size(kParts)];
    if (random() % 2 == 0) text += ' ';
  }
  return text;
}

// The definition: a table of FTS5's, asked as the store of explanations asks its own.
TEST(WordQuery, FindsWhatAnIndexFinds) {
  size_t n_found = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Database index(":memory:", Database::Mode::write);
    index.run("CREATE VIRTUAL TABLE words USING fts5(explanation, concept)");
    std::vector<std::pair<std::string, std::string>> texts;
    for (int i = 0; i < 300; ++i) {
      texts.emplace_back(random_text(random, 12), random_text(random, 3));
      Statement(index, "INSERT INTO words VALUES (?, ?)", texts.back().first, texts.back().second)
          .run();
    }
    for (int i = 0; i < 100; ++i) {
      const std::string question = random_text(random, 3) + kParts[random() % std::size(kParts)];
      if (question.find_first_not_of(" \t\n") == question.npos) continue;
      std::vector<bool> expected(texts.size());
      Statement rows(index, "SELECT rowid FROM words WHERE words MATCH ?", quoted_words(question));
      while (rows.next()) expected[static_cast<size_t>(rows.integer(0)) - 1] = true;
      WordQuery query(question);
      for (size_t t = 0; t < texts.size(); ++t) {
        EXPECT_EQ(query.finds({texts[t].first, texts[t].second}), expected[t])
            << question << " in " << texts[t].first << " | " << texts[t].second;
        n_found += expected[t] ? 1 : 0;
      }
    }
  }
  EXPECT_GT(n_found, 1000u);
}

}  // namespace
}  // namespace actogram
