#include "codec/jsonl.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "actogram/error.h"
#include "codec/json.h"
#include "codec/jsonl_repair.h"
#include "codec/utf8.h"

namespace actogram {
namespace {

std::vector<TextRow> read(const std::string& text, const TextColumns& columns = {}) {
  JsonlReader reader(std::make_unique<std::istringstream>(text), "f.jsonl", columns);
  std::vector<TextRow> rows;
  while (auto row = reader.next()) rows.push_back(std::move(*row));
  return rows;
}

std::string error_of(const std::string& text, const TextColumns& columns = {},
                     Code code = Code::corrupt) {
  try {
    read(text, columns);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

TEST(Jsonl, ReadsTextsAndSkipsBlankLines) {
  const auto rows = read("{\"text\":\"a\\n\\u00e9\"}\r\n\n  \n{\"x\":1,\"text\":\"\"}");
  EXPECT_EQ(rows, (std::vector<TextRow>{{1, "", "a\n\xc3\xa9", {}}, {4, "", "", {}}}));
  EXPECT_EQ(read(""), std::vector<TextRow>());
}

TEST(Jsonl, ReadsChats) {
  const auto rows =
      read(R"({"messages":[{"role":"user","content":"hi"},{"content":null,"role":"assistant"}]})");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].turns, (std::vector<ChatTurn>{{"user", "hi"}, {"assistant", ""}}));
}

TEST(Jsonl, LeavesOutWhatFillsUp) {
  const auto rows = read(R"({"input_ids":[4,5,2,2],"attention_mask":[1,1,0,0]}
{"attention_mask":[0],"input_ids":[2]}
{"input_ids":[4,2],"attention_mask":null}
{"text":"a mask of no tokens","attention_mask":[1,0]})");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].ids, (std::vector<int32_t>{4, 5}));
  EXPECT_EQ(rows[1].ids, std::vector<int32_t>());
  EXPECT_EQ(rows[2].ids, (std::vector<int32_t>{4, 2}));
  const auto masked = [](const std::string& mask, Code code = Code::corrupt) {
    return error_of(R"({"input_ids":[2,4,5],"attention_mask":)" + mask + "}", {}, code);
  };
  EXPECT_EQ(masked("[0,1,1]", Code::unsupported),
            "f.jsonl:1: \"attention_mask\": a filler at 0, before the token at 1; only padding on "
            "the right is left out: tokenize with padding_side=\"right\", or without padding");
  EXPECT_EQ(masked("[1,1]"), "f.jsonl:1: \"attention_mask\" has 2 entries for 3 token ids");
  EXPECT_EQ(masked("[1,0,7]"), "f.jsonl:1: \"attention_mask\": entry 2: expected 0 or 1, found 7");
  EXPECT_EQ(masked("[1,true,0]"),
            "f.jsonl:1: \"attention_mask\": entry 1 of a list of numbers: expected an integer, "
            "found true");
  EXPECT_EQ(masked("1"), "f.jsonl:1: \"attention_mask\": expected a list of 0 and 1, found number");
}

TEST(Jsonl, ReadsTheFirstColumnThatIsThere) {
  const std::string line = R"({"b":"B","a":"A"})";
  EXPECT_EQ(read(line, {.text = {"x", "a", "b"}})[0].text, "A");
  EXPECT_EQ(read(line, {.text = {"b"}})[0].text, "B");
}

TEST(Jsonl, ReadsIds) {
  const std::string lines = R"({"text":"a","id":"x"}
{"text":"a","id":-7}
{"text":"a","id":18446744073709551615}
{"text":"a","id":null})";
  const auto rows = read(lines, {.id = "id"});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].id, "x");
  EXPECT_EQ(rows[1].id, "-7");
  EXPECT_EQ(rows[2].id, "18446744073709551615");
  EXPECT_EQ(rows[3].id, "");
  EXPECT_EQ(read(lines, {.id = "text"})[0], (TextRow{1, "a", "a", {}}));
}

TEST(Jsonl, SkipsAndCountsNulls) {
  JsonlReader reader(std::make_unique<std::istringstream>("{\"text\":null}\n{\"text\":\"a\"}\n"),
                     "f.jsonl", {});
  EXPECT_EQ(reader.next()->number, 2u);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.n_null(), 1u);
}

TEST(Jsonl, ReadsTokenIds) {
  const auto rows = read("{\"input_ids\":[1,70000,-5]}\n{\"input_ids\":null}\n{\"input_ids\":[]}");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].ids, (std::vector<int32_t>{1, 70'000, -5}));
  EXPECT_TRUE(rows[1].ids.empty() && rows[1].turns.empty());
}

TEST(Jsonl, ErrorsNameFileLineAndWhatWasFound) {
  EXPECT_EQ(
      error_of("{\"a\":1,\"b\":2}", {}, Code::not_found),
      "f.jsonl:1: no column \"text\" or \"messages\" or \"input_ids\"; there are: \"a\", \"b\"");
  EXPECT_EQ(error_of("\n{\"text\":7}"),
            "f.jsonl:2: \"text\": expected a string, a list of chat turns or a list of token "
            "ids, found number");
  EXPECT_EQ(error_of("[1,2]"), "f.jsonl:1: expected one JSON object a line, found array");
  EXPECT_TRUE(error_of("{\"text\":\"a\"}\n{\"text\":").starts_with("f.jsonl:2: not JSON"));
  EXPECT_TRUE(error_of("{\"text\":\"a\"} x").starts_with("f.jsonl:1: not JSON"));
  EXPECT_TRUE(error_of("{\"text\":\"\\q\"}").starts_with("f.jsonl:1: not JSON"));
  EXPECT_TRUE(error_of("{\"text\":\"a\",\"x\":tru}").starts_with("f.jsonl:1: not JSON"));
  EXPECT_TRUE(error_of("{\"text\":\"a\"\xff}").starts_with("f.jsonl:1: not JSON"));
  EXPECT_TRUE(error_of(std::string(100'000, '[')).starts_with("f.jsonl:1: JSON nests"));
  error_of(R"({"input_ids":[1,2.5]})");
  error_of(R"({"input_ids":[1,"2"]})");
  error_of(R"({"input_ids":[1,null]})");
  EXPECT_EQ(error_of(R"({"input_ids":[1,2147483648]})"),
            "f.jsonl:1: \"input_ids\": entry 1 of a list of token ids: expected an integer, found "
            "2147483648");
  error_of(R"({"messages":["hi"]})");
  error_of(R"({"messages":[{"role":"user"}]})");
  error_of(R"({"messages":[{"role":null,"content":"x"}]})");
  error_of(R"({"text":"a","id":[]})", {.id = "id"});
  error_of(R"({"text":"a"})", {.id = "id"}, Code::not_found);
}

TEST(Jsonl, KeepsBytesThatAreNotUtf8) {
  EXPECT_EQ(read("{\"text\":\"a\xff\\u00e9\xe2\x82\"}")[0].text, "a\xff\xc3\xa9\xe2\x82");
  EXPECT_EQ(read("{\"text\":\"ok\",\"x\":\"\xff\"}")[0].text, "ok");
  EXPECT_EQ(read("{\"text\":\"a\",\"id\":\"\xff\"}", {.id = "id"})[0].id, "\xff");
  EXPECT_EQ(read("{\"messages\":[{\"role\":\"r\xff\",\"content\":\"\xfe\"}]}")[0].turns,
            (std::vector<ChatTurn>{{"r\xff", "\xfe"}}));
}

TEST(Jsonl, KeepsLoneSurrogates) {
  EXPECT_EQ(read(R"({"text":"\ud83d"})")[0].text, "\xed\xa0\xbd");
  EXPECT_EQ(read(R"({"text":"\udE00x"})")[0].text, "\xed\xb8\x80x");
  EXPECT_EQ(read(R"({"text":"\ud83d\ud83d\ude00"})")[0].text, "\xed\xa0\xbd\xf0\x9f\x98\x80");
  EXPECT_EQ(read(R"({"text":"\\ud83d\ude00"})")[0].text, "\\ud83d\xed\xb8\x80");
}

TEST(Jsonl, MarkersAreNeverMistakenForText) {
  // The first noncharacters stand in the line, raw and escaped, with digits after them.
  EXPECT_EQ(read("{\"text\":\"\xff\xef\xb7\x90"
                 "41\\ufdd1"
                 "41\\uFDD2"
                 "41\"}")[0]
                .text,
            "\xff\xef\xb7\x90"
            "41\xef\xb7\x91"
            "41\xef\xb7\x92"
            "41");
  std::string all = "{\"text\":\"\xff";
  for (int i = 0; i < 32; ++i) all += "\xef\xb7" + std::string(1, char(0x90 + i));
  error_of(all + "\"}", {}, Code::unsupported);
}

// The bytes of a string, and a JSON text of it with random escapes, made side by side.
void append_random(std::mt19937& rng, std::string& bytes, std::string& json) {
  const std::pair<std::string, std::string> parts[] = {
      {"a", "a"},
      {"\"", "\\\""},
      {"\\", "\\\\"},
      {"\n", "\\n"},
      {"\xc3\xa9", "\xc3\xa9"},
      {"\xc3\xa9", "\\u00e9"},
      {"\xf0\x9f\x98\x80", "\\uD83D\\uDE00"},
      {"\xed\xa0\xbd", "\\ud83d"},
      {"\xff", "\xff"},
      {"\x80", "\x80"},
      {"\xe2\x82", "\xe2\x82"},
      {"\xef\xb7\x90", "\xef\xb7\x90"},
      {"\xef\xb7\x91", "\\ufdd1"},
      {"00", "00"},
      {"ud800", "ud800"},
  };
  const auto& part = parts[rng() % std::size(parts)];
  const bool joins = bytes.ends_with("\xed\xa0\xbd") && part.second.starts_with("\\uD");
  if (joins) return;
  bytes += part.first;
  json += part.second;
}

TEST(Jsonl, RandomStringsComeBackByteForByte) {
  for (unsigned seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::string bytes;
    std::string json;
    for (size_t n = rng() % 20; n > 0; --n) append_random(rng, bytes, json);
    const auto rows = read("{\"x\":\"\\\\\",\"text\":\"" + json + "\"}\n");
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(printable(rows[0].text), printable(bytes));
  }
}

TEST(Jsonl, RandomValuesReadAsTheOtherJsonLibraryReadsThem) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::string lines;
    std::vector<TextRow> expected;
    for (uint64_t number = 1; number <= rng() % 20; ++number) {
      Json row;
      if (rng() % 2 == 0) row["n"] = {1.5, {{"deep", nullptr}}};
      const auto word = [&] { return std::string(rng() % 5, char(1 + rng() % 127)); };
      TextRow& wanted = expected.emplace_back(TextRow{number, word(), "", {}});
      row["id"] = wanted.id;
      if (rng() % 2 == 0) {
        row["text"] = wanted.text = word();
      } else {
        row["messages"] = Json::array();
        for (size_t n = rng() % 3; n > 0; --n) {
          const auto& turn = wanted.turns.emplace_back(ChatTurn{word(), word()});
          row["messages"].push_back({{"content", turn.content}, {"role", turn.role}});
        }
      }
      lines += to_text(row) + "\n";
    }
    EXPECT_EQ(read(lines, {.id = "id"}), expected);
  }
}

// Work that grows with the square of the line would never end within ctest's limit.
TEST(Jsonl, AHundredMegabytesInOneLineTakeSeconds) {
  const std::string text(100'000'000, 'x');
  EXPECT_EQ(read("{\"text\":\"" + text + "\"}\n")[0].text, text);
  EXPECT_EQ(read("{\"text\":\"\xff" + text + "\"}\n")[0].text, "\xff" + text);
}

}  // namespace
}  // namespace actogram
