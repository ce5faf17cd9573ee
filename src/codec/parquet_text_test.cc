#include "codec/parquet_text.h"

#include <gtest/gtest.h>

#include <random>

#include "actogram/error.h"
#include "base/file.h"

namespace actogram {
namespace {

std::string golden(const std::string& name) {
  return ACTOGRAM_SOURCE_DIR "/tests/golden/corpus/" + name + ".parquet";
}

std::vector<TextRow> read(const std::string& name, TextColumns columns = {}) {
  ParquetTextReader reader(golden(name), std::move(columns));
  std::vector<TextRow> rows;
  while (auto row = reader.next()) rows.push_back(std::move(*row));
  return rows;
}

std::vector<std::byte> bytes_of(const std::string& name) {
  const std::string text = read_file(golden(name));
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string error_of(const auto& action, Code code = Code::corrupt) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

// What tests/golden/corpus/make.py wrote.
std::vector<TextRow> rows_of_make_py() {
  std::vector<TextRow> rows;
  for (uint64_t i = 0; i < 150; ++i) {
    if (i % 10 == 3) continue;
    std::string text = "row " + std::to_string(i) + " ";
    for (uint64_t n = 0; n < i; ++n) text += "\u20ac";
    rows.push_back({i + 1, std::to_string(1000 + i), text, {}});
  }
  return rows;
}

TEST(ParquetText, ReadsEveryTypeOfText) {
  for (const char* name : {"string", "large_string", "binary", "large_binary", "string_view"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(read(name, {.id = "id"}), rows_of_make_py());
  }
}

TEST(ParquetText, ReadsDictionaries) {
  const auto rows = read("dictionary", {.id = "id"});
  ASSERT_EQ(rows.size(), 120u);
  EXPECT_EQ(rows[0], (TextRow{1, "doc-0", "b", {}}));
  EXPECT_EQ(rows[2], (TextRow{4, "doc-3", "a", {}}));
  EXPECT_EQ(rows[119], (TextRow{150, "doc-149", "b", {}}));
}

TEST(ParquetText, ReadsChats) {
  const std::vector<TextRow> expected = {
      {1, "", "", {{"user", "hi"}, {"assistant", ""}}},
      {3, "", "", {}},
      {4, "", "", {{"system", "na\u00efve"}, {"user", ""}}},
  };
  EXPECT_EQ(read("messages"), expected);
  EXPECT_EQ(read("large_messages"), expected);
}

TEST(ParquetText, TheTextMayBeTheId) {
  const auto rows = read("dictionary", {.id = "text"});
  EXPECT_EQ(rows.at(0), (TextRow{1, "b", "b", {}}));
}

TEST(ParquetText, CountsNulls) {
  ParquetTextReader reader(golden("string"), {});
  while (reader.next()) {
  }
  EXPECT_EQ(reader.n_null(), 15u);
}

TEST(ParquetText, KeepsBytesThatAreNotUtf8) {
  const auto rows = read("bytes");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].text, "a\xff\xe2\x82");
  EXPECT_EQ(rows[1].text, "");
  EXPECT_EQ(rows[2].text, std::string(1, '\0'));
}

TEST(ParquetText, LeavesOutWhatFillsUp) {
  const std::vector<TextRow> expected = {
      {1, "", "", {}, {1, 2}}, {2, "", "", {}, {5, 6}}, {3, "", "", {}, {}}, {4, "", "", {}, {7}}};
  EXPECT_EQ(read("padded"), expected);
}

// Counts from that data set's PROVENANCE.md.
TEST(ParquetText, ReadsTokenIds) {
  ParquetTextReader reader(
      std::string(ACTOGRAM_SOURCE_DIR) + "/tests/golden/gluscope-50col/input_ids.parquet",
      {.text = {"input_ids"}});
  uint64_t n_rows = 0, n_tokens = 0;
  while (const auto row = reader.next()) {
    ++n_rows;
    n_tokens += row->ids.size();
    EXPECT_EQ(row->ids.front(), 0);  // BOS
    EXPECT_TRUE(row->text.empty() && row->turns.empty());
  }
  EXPECT_EQ(n_rows, 320u);
  EXPECT_EQ(n_tokens, 26577u);
}

TEST(ParquetText, NoRowsAreNoError) { EXPECT_TRUE(read("no_rows").empty()); }

TEST(ParquetText, ErrorsNameFileColumnAndWhatWasFound) {
  const std::string missing = error_of([] { read("string", {.text = {"body"}}); }, Code::not_found);
  EXPECT_EQ(missing, golden("string") + ": no column \"body\"; there are: \"id\", \"text\"");
  error_of([] { read("string", {.id = "key"}); }, Code::not_found);
  const std::string type = error_of([] { read("numbers"); });
  EXPECT_EQ(type, golden("numbers") +
                      ": column \"text\": expected strings, list<struct<role, content>> or "
                      "lists of token ids, found int64");
  error_of([] { read("numbers", {.text = {"text"}, .id = "label"}); });
  error_of([] { read("absent"); }, Code::not_found);
}

void read_all(std::span<const std::byte> bytes) {
  ParquetTextReader reader(bytes, "f.parquet", {});
  while (reader.next()) {
  }
}

TEST(ParquetText, ATruncatedFileIsCorrupt) {
  const auto whole = bytes_of("large_string");
  EXPECT_NO_THROW(read_all(whole));
  for (size_t size = 0; size < whole.size(); size += 1 + size / 10) {
    SCOPED_TRACE(size);
    const std::string message = error_of([&] { read_all(std::span(whole).first(size)); });
    EXPECT_TRUE(message.starts_with("f.parquet")) << message;
  }
}

// Damage is an Error or goes unnoticed (Parquet's checksums are optional); it is never worse.
TEST(ParquetText, DamagedFilesAreErrorsAtWorst) {
  for (const char* name : {"large_string", "dictionary", "messages"}) {
    const auto whole = bytes_of(name);
    for (unsigned seed = 0; seed < 300; ++seed) {
      SCOPED_TRACE(testing::Message() << name << " seed " << seed);
      std::mt19937 rng(seed);
      auto damaged = whole;
      for (size_t n = 1 + rng() % 4; n > 0; --n) damaged[rng() % damaged.size()] = std::byte(rng());
      try {
        read_all(damaged);
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace actogram
