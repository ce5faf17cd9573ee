// What check finds in an attention head's tables, and that these come back as they were written.
#include "store/head_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"
#include "store/head_tables.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

class HeadCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CorpusWriter writer(folder_.string());
    writer.add_document({0, 0, 0, "d", "abcde", 0});
    const std::vector<Token> tokens = {{1, 0, 1}, {2, 1, 2}, {1, 2, 3}};
    writer.add_sequence(0, 5, tokens);
    writer.add_sequence(1, 6, std::vector<Token>{{3, 3, 4}, {3, 4, 5}});
    writer.finish();
    options_.top = options_.bottom = options_.random = 1;
    options_.window = 2;
    unit_ = sound_head();
  }

  // Sequence 0 is [[1], [.5 .5], [.25 .5 .25]] by the norms 2, 4, 8; sequence 1 is [[1], [0 1]] by
  // 1, 1. Sequence 1 is drawn first.
  UnitRecord sound_head() {
    UnitRecord unit;
    unit.summary.count = 9;
    unit.summary.max = 2;
    HeadRecord& head = unit.head.emplace();
    head.scores.n_queries = 3;
    for (const double entropy : {0.7, 1.04, 0.0}) head.scores.sums[kEntropy].add(entropy);
    HeadPeak top, low;
    top.at = {0, 0}, top.key = 0, top.value = 2, top.rank = 9, top.n = 2;
    top.pattern = pattern_top_, top.key_norms = norms_top_;
    low.at = {1, 0}, low.key = 0, low.value = 1, low.rank = 3, low.n = 2;
    low.pattern = pattern_low_, low.key_norms = norms_low_;
    head.peaks = {top, low};
    assign_head_groups(head.peaks, options_);
    return unit;
  }

  std::array<double, 5> means() const {
    const HeadScores& s = unit_.head->scores;
    return {s.mean(kEntropy), s.mean(kSelf), s.mean(kPrevious), s.mean(kFirst), s.mean(kInduction)};
  }

  std::vector<std::string> problems() const {
    const CorpusTables corpus(folder_.string());
    return problems_of_head(unit_, {corpus, count_pairs(corpus), options_, means()});
  }
  // That something wrong is found, by a word of the sentence.
  void expect_found(const std::string& word, const std::function<void(UnitRecord&)>& damage) {
    unit_ = sound_head();
    damage(unit_);
    const auto found = problems();
    ASSERT_FALSE(found.empty()) << word;
    EXPECT_NE(found[0].find(word), std::string::npos) << found[0];
  }

  const std::vector<float> pattern_top_ = {1, .5F, .5F}, norms_top_ = {2, 4};
  const std::vector<float> pattern_low_ = {1, 0, 1}, norms_low_ = {1, 1};
  testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  CollateOptions options_;
  UnitRecord unit_;
};

TEST_F(HeadCheckTest, SoundHeadsHaveNoProblems) {
  EXPECT_EQ(problems(), std::vector<std::string>());
  options_.attn_skip_bos = true;
  unit_.summary.count = 7;  // two pairs less: there may be a BOS
  EXPECT_EQ(problems(), std::vector<std::string>());
}

TEST_F(HeadCheckTest, FindsWhatDoesNotAgree) {
  expect_found("8 values", [](UnitRecord& u) { u.summary.count = 8; });
  expect_found("2 queries", [](UnitRecord& u) { u.head->scores.n_queries = 2; });
  expect_found("not in order",
               [](UnitRecord& u) { std::swap(u.head->peaks[0], u.head->peaks[1]); });
  expect_found("not in order", [](UnitRecord& u) { u.head->peaks[1].groups = kTop; });
  expect_found("highest value, 3", [](UnitRecord& u) { u.summary.max = 3; });
  expect_found("3 tokens", [](UnitRecord& u) { u.head->peaks[0].key = 1; });
  expect_found("2 sequences", [](UnitRecord& u) { u.head->peaks[1].at.sequence = 2; });
  expect_found("from position 1", [](UnitRecord& u) { u.head->peaks[0].window_begin = 1; });
  const std::vector<float> higher = {1, 0.5F, 1}, other = {.5F, 0, 1};
  expect_found("but its window has 4", [&](UnitRecord& u) { u.head->peaks[0].pattern = higher; });
  expect_found("has 0.5 there", [&](UnitRecord& u) { u.head->peaks[1].pattern = other; });
  expect_found("single tokens", [](UnitRecord& u) { u.maximum_peaks.emplace_back(); });
  unit_ = sound_head();
  const auto stored = means();
  unit_.head->scores.sums[kSelf].add(1);
  const CorpusTables corpus(folder_.string());
  const auto found = problems_of_head(unit_, {corpus, count_pairs(corpus), options_, stored});
  EXPECT_NE(found.front().find("mean of self"), std::string::npos);
}

TEST_F(HeadCheckTest, TablesGiveBackWhatWasWritten) {
  HeadWriter writer(folder_.string());
  const HeadRecord empty;
  for (int i = 0; i < 40; ++i) writer.add(i % 3 == 0 ? *unit_.head : empty);
  StoredFiles files;
  writer.finish(files);
  EXPECT_EQ(files.at("heads.arrow").n_rows, 40u);
  EXPECT_EQ(files.at("head_peaks.arrow").n_rows, 28u);
  const HeadTable table(folder_.string());
  ASSERT_EQ(table.n_heads(), 40u);
  for (uint64_t i = 0; i < 40; ++i) {
    const HeadRecord& expected = i % 3 == 0 ? *unit_.head : empty;
    const HeadRecord found = table.head(i);
    EXPECT_EQ(found.scores, expected.scores);
    EXPECT_EQ(table.scores(i), expected.scores);
    ASSERT_EQ(found.peaks.size(), expected.peaks.size());
    for (size_t p = 0; p < found.peaks.size(); ++p) {
      const HeadPeak &a = found.peaks[p], &b = expected.peaks[p];
      EXPECT_EQ(a.at, b.at);
      EXPECT_EQ(a.key, b.key);
      EXPECT_EQ(a.value, b.value);
      EXPECT_EQ(a.rank, b.rank);
      EXPECT_EQ(a.groups, b.groups);
      EXPECT_EQ(a.n, b.n);
      EXPECT_TRUE(std::ranges::equal(a.pattern, b.pattern));
      EXPECT_TRUE(std::ranges::equal(a.key_norms, b.key_norms));
    }
  }
}

TEST_F(HeadCheckTest, ATriangleOfAnotherSizeIsCorrupt) {
  HeadWriter writer(folder_.string());
  unit_.head->peaks[0].n = 3;
  writer.add(*unit_.head);
  StoredFiles files;
  writer.finish(files);
  const HeadTable table(folder_.string());
  try {
    table.head(0);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::corrupt);
    EXPECT_NE(std::string(error.what()).find("3 tokens with 3 pairs"), std::string::npos);
  }
}

}  // namespace
}  // namespace actogram
