#include "store/explanation_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"

namespace actogram {
namespace {

class ExplanationStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "x.acto");
    std::ofstream(folder_ / "x.acto/manifest.json") << "{}";
  }

  std::string recording() const { return (folder_ / "x.acto").string(); }

  static StoredExplanation explanation(uint32_t unit, std::string text) {
    return {.unit = {"s", unit},
            .method = "tokens",
            .prompt_version = "1",
            .model = "m",
            .parameters = "{}",
            .text = std::move(text),
            .concept_label = "",
            .request = "r"};
  }

  testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(ExplanationStoreTest, StandsBesideTheRecording) {
  EXPECT_EQ(ExplanationStore::path_for("a/x.acto"), "a/x.explanations.sqlite");
  EXPECT_EQ(ExplanationStore::path_for("a/x.acto//"), "a/x.explanations.sqlite");
  EXPECT_EQ(ExplanationStore::path_for("a/x"), "a/x.explanations.sqlite");
}

TEST_F(ExplanationStoreTest, KeepsEveryByteOfAnAnswer) {
  const std::string text("a\0b 'quoted' \"é\" \n", 18);
  {
    ExplanationStore store(recording(), Database::Mode::write);
    store.keep_answer("hash", "request", {text, "model", 3, 4});
  }
  const ExplanationStore store(recording(), Database::Mode::read);
  EXPECT_FALSE(store.answer("other").has_value());
  ASSERT_TRUE(store.answer("hash").has_value());
  EXPECT_EQ(store.answer("hash")->text, text);
  EXPECT_EQ(store.answer("hash")->answer_tokens, 4u);
}

TEST_F(ExplanationStoreTest, ReplacesAndIsSearchedAsItIsNow) {
  ExplanationStore store(recording(), Database::Mode::write);
  store.keep(explanation(1, "rain"));
  store.keep(explanation(2, "snow and rain"));
  const int64_t id = store.explanations_of({"s", 1}).at(0).id;
  const StoredScore score{id, "detect", "1", "m", "{}", "explanation", "rain", "{}", "[]"};
  store.keep(score);
  store.keep(explanation(1, "rain"));
  EXPECT_EQ(store.scores_of(id).size(), 1u);
  store.keep(explanation(1, "sunshine"));
  EXPECT_TRUE(store.scores_of(id).empty()) << "they were of other words";
  ASSERT_EQ(store.explanations_of({"s", 1}).size(), 1u);
  EXPECT_EQ(store.explanations_of({"s", 1})[0].id, id);
  EXPECT_EQ(store.search("rain").size(), 1u);
  EXPECT_EQ(store.search("rain")[0].unit.index, 2u);
  EXPECT_EQ(store.search("sunshine").size(), 1u);
  EXPECT_TRUE(store.search("rain OR sunshine").empty()) << "words, no language";
  EXPECT_TRUE(store.search("\"").empty());
  EXPECT_THROW(store.search("  "), Error);
}

TEST_F(ExplanationStoreTest, ForgetsAFailureThatWasMadeGood) {
  ExplanationStore store(recording(), Database::Mode::write);
  const UnitAddress unit{"s", 1};
  for (const char* reason : {"no", "still no"}) {
    store.keep(StoredFailure{unit, "explain tokens", reason});
  }
  store.keep(StoredFailure{unit, "score detect", "no"});
  ASSERT_EQ(store.failures().size(), 2u);
  EXPECT_EQ(store.failures()[0].reason, "still no");
  store.forget_failure({"s", 1}, "explain tokens");
  EXPECT_EQ(store.failures().size(), 1u);
}

// What is committed is there for others at once, and one file is left in the end.
TEST_F(ExplanationStoreTest, IsOneFileThatOthersReadMeanwhile) {
  const std::string path = ExplanationStore::path_for(recording());
  {
    ExplanationStore store(recording(), Database::Mode::write);
    store.keep(explanation(1, "rain"));
    const ExplanationStore other(recording(), Database::Mode::read);
    EXPECT_EQ(other.explanations().size(), 1u);
  }
  { const ExplanationStore once_more(recording(), Database::Mode::write); }
  for (const char* beside : {"-wal", "-shm", "-journal"}) {
    EXPECT_FALSE(std::filesystem::exists(path + beside)) << beside;
  }
  const auto perms = std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec;
  std::filesystem::permissions(folder_, perms);
  EXPECT_EQ(ExplanationStore(recording(), Database::Mode::read).explanations().size(), 1u);
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
}

TEST_F(ExplanationStoreTest, RefusesANewerVersion) {
  { const ExplanationStore store(recording(), Database::Mode::write); }
  Database(ExplanationStore::path_for(recording()), Database::Mode::write)
      .run("PRAGMA user_version = 2");
  EXPECT_THROW(ExplanationStore(recording(), Database::Mode::write), Error);
  EXPECT_THROW(ExplanationStore(recording(), Database::Mode::read), Error);
}

}  // namespace
}  // namespace actogram
