#include "store/label_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"
#include "store/explanation_store.h"

namespace actogram {
namespace {

class LabelStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "x.acto");
    std::ofstream(folder_ / "x.acto/manifest.json") << "{}";
  }

  std::string recording() const { return (folder_ / "x.acto").string(); }

  std::vector<std::string> found(std::string_view text) const {
    std::vector<std::string> labels;
    for (const StoredLabel& label : LabelStore::to_read(recording())->search(text)) {
      labels.push_back(label.label);
    }
    return labels;
  }

  testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(LabelStoreTest, ThereAreNoneBeforeTheFirst) {
  EXPECT_FALSE(LabelStore::to_read(recording()).has_value());
  { const ExplanationStore explained(recording(), Database::Mode::write); }
  EXPECT_FALSE(LabelStore::to_read(recording()).has_value()) << "explanations are no labels";
}

TEST_F(LabelStoreTest, IsReadAgainAsItWasWritten) {
  const std::string note("two lines\n'quoted' \"\xc3\xa9\" and \0 NUL", 33);
  LabelStore::to_write(recording()).keep({"s", 1}, "caf\xc3\xa9", note);
  const auto label = LabelStore::to_read(recording())->label_of({"s", 1});
  ASSERT_TRUE(label.has_value());
  EXPECT_EQ(label->label, "caf\xc3\xa9");
  EXPECT_EQ(label->note, note);
  ASSERT_EQ(label->changed.size(), 20u);
  EXPECT_EQ(label->changed[10], 'T');
  EXPECT_FALSE(LabelStore::to_read(recording())->label_of({"s", 2}).has_value());
  EXPECT_FALSE(LabelStore::to_read(recording())->label_of({"t", 1}).has_value());
}

TEST_F(LabelStoreTest, ReplacesAndIsSearchedAsItIsNow) {
  LabelStore store = LabelStore::to_write(recording());
  store.keep({"s", 2}, "rain", "");
  store.keep({"s", 1}, "snow", "and rain");
  store.keep({"r", 9}, "", "sun");
  ASSERT_EQ(store.labels().size(), 3u);
  EXPECT_EQ(store.labels()[0].unit, (UnitAddress{"r", 9}));
  EXPECT_EQ(store.labels()[1].unit, (UnitAddress{"s", 1}));
  EXPECT_EQ(found("rain"), (std::vector<std::string>{"rain", "snow"})) << "the shorter text first";
  EXPECT_EQ(found("snow rain"), std::vector<std::string>{"snow"}) << "all words";
  EXPECT_TRUE(found("rain OR sun").empty()) << "words, no language";
  store.keep({"s", 2}, "hail", "");
  EXPECT_EQ(found("rain"), std::vector<std::string>{"snow"});
  EXPECT_EQ(found("hail"), std::vector<std::string>{"hail"});
  store.keep({"s", 2}, "", "");
  EXPECT_TRUE(found("hail").empty());
  EXPECT_EQ(store.labels().size(), 2u);
  EXPECT_THROW(store.search(" \n"), Error);
}

TEST_F(LabelStoreTest, StandsBesideExplanationsAndLeavesThem) {
  {
    ExplanationStore explained(recording(), Database::Mode::write);
    explained.keep_answer("hash", "request", {"text", "model", 3, 4});
  }
  LabelStore::to_write(recording()).keep({"s", 1}, "rain", "");
  const ExplanationStore explained(recording(), Database::Mode::read);
  EXPECT_TRUE(explained.answer("hash").has_value());
}

TEST_F(LabelStoreTest, SaysThatItCannotBeWritten) {
  std::filesystem::create_directory(ExplanationStore::path_for(recording()));
  try {
    LabelStore::to_write(recording());
    FAIL() << "a folder was opened as a file";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::environment);
    EXPECT_NE(std::string(error.what()).find("x.explanations.sqlite"), std::string::npos);
  }
}

TEST_F(LabelStoreTest, IsOfOneRecording) {
  LabelStore::to_write(recording()).keep({"s", 1}, "rain", "");
  std::ofstream(folder_ / "x.acto/manifest.json") << "{\"other\": 1}";
  EXPECT_THROW(LabelStore::to_read(recording()), Error);
  EXPECT_THROW(LabelStore::to_write(recording()), Error);
}

}  // namespace
}  // namespace actogram
