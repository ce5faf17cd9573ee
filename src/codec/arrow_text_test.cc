#include "codec/arrow_text.h"

#include <gtest/gtest.h>

#include <random>

#include "actogram/error.h"
#include "base/file.h"

namespace actogram {
namespace {

std::string golden(const std::string& name) {
  return ACTOGRAM_SOURCE_DIR "/tests/golden/corpus/" + name + ".arrow";
}

std::vector<TextRow> read(const std::string& name, TextColumns columns = {}) {
  ArrowTextReader reader(golden(name), std::move(columns));
  std::vector<TextRow> rows;
  while (auto row = reader.next()) rows.push_back(std::move(*row));
  return rows;
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

// What tests/golden/corpus/make.py wrote, in either format; row 2 is null.
TEST(ArrowText, ReadsTokenIdsOfStreamsAndFiles) {
  for (const char* name : {"ids_stream", "ids_file"}) {
    SCOPED_TRACE(name);
    const std::vector<TextRow> expected = {
        {1, "a", "", {}, {1, 2, 300}}, {3, "c", "", {}, {}}, {4, "d", "", {}, {70'000}}};
    EXPECT_EQ(read(name, {.text = {"input_ids"}, .id = "name"}), expected);
    ArrowTextReader reader(golden(name), {});  // the column is found without being named
    while (reader.next()) {
    }
    EXPECT_EQ(reader.n_null(), 1u);
  }
}

TEST(ArrowText, ReadsTexts) {
  const auto rows = read("ids_stream", {.text = {"name"}});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1], (TextRow{2, "", "b", {}}));
}

TEST(ArrowText, ErrorsNameFileAndColumn) {
  const auto missing = error_of([] { read("ids_file", {.text = {"body"}}); }, Code::not_found);
  EXPECT_EQ(missing,
            golden("ids_file") + ": no column \"body\"; there are: \"input_ids\", \"name\"");
}

void read_all(std::span<const std::byte> bytes) {
  ArrowTextReader reader(bytes, "f.arrow", {});
  while (reader.next()) {
  }
}

TEST(ArrowText, DamagedFilesAreErrorsAtWorst) {
  for (const char* name : {"ids_stream", "ids_file"}) {
    const std::string text = read_file(golden(name));
    const auto bytes = std::as_bytes(std::span(text));
    EXPECT_NO_THROW(read_all(bytes));
    const std::string message = error_of([&] { read_all(bytes.first(bytes.size() / 3)); });
    EXPECT_TRUE(message.starts_with("f.arrow")) << message;
    for (unsigned seed = 0; seed < 300; ++seed) {
      SCOPED_TRACE(testing::Message() << name << " seed " << seed);
      std::mt19937 rng(seed);
      std::vector<std::byte> damaged(bytes.begin(), bytes.end());
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
