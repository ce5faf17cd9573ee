// Limits and ends of live runs on the fake model; tests/oracle/test_live.py holds their values to
// those of a recording.
#include "record/live_model.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"
#include "base/waiting_line.h"
#include "record/record.h"

namespace actogram {
namespace {

using namespace std::chrono_literals;

const LiveModel::IsLeft kStays = [] { return false; };
const UnitAddress kUnit = {"blocks.1.mlp.hook_post", 3};

class LiveModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string text = temporary_.path() + "/t.txt";
    std::ofstream(text) << "some words, and some other words";
    RecordOptions options;
    options.model = "fake:2x20x4";
    options.output = recording();
    options.heads = true;
    options.corpus.corpus.inputs = {text};
    options.corpus.sequences.context = 16;
    record(options, [](const Progress&) {});
  }

  std::string recording() const { return temporary_.path() + "/r.acto"; }
  LiveModel open(const LiveLimits& limits = {}) const {
    return {"fake:2x20x4", recording(), limits};
  }

  testing::TemporaryFolder temporary_;
};

Code code_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return Code::corrupt;
}

TEST_F(LiveModelTest, TextIsCutAsTheRecordingsIs) {
  LiveModel live = open();
  const TypedUnit unit = live.unit(kUnit, "twenty bytes of text", kStays);
  ASSERT_EQ(unit.text.sequences.size(), 2u);  // 15 beside the BOS, and 5
  EXPECT_EQ(unit.sequences[0].values.size(), 16u);
  EXPECT_EQ(unit.sequences[1].values.size(), 6u);
  EXPECT_EQ(live.unit({"blocks.0.attn.hook_pattern", 3}, "abc", kStays).sequences[0].pattern.size(),
            10u);
}

TEST_F(LiveModelTest, WhoHasGoneIsNotServed) {
  LiveModel live = open();
  EXPECT_THROW(live.unit(kUnit, "text", [] { return true; }), Busy);
  int n_asked = 0;  // gone while the model runs
  EXPECT_THROW(live.units("text", [&] { return ++n_asked > 3; }), Busy);
  EXPECT_EQ(n_asked, 4);
  EXPECT_EQ(live.unit(kUnit, "text", kStays).sequences.size(), 1u) << "the next one is";
}

TEST_F(LiveModelTest, ThereIsATimeAndALength) {
  LiveModel hasty = open({.time = 0ms});
  EXPECT_THROW(hasty.unit(kUnit, "text", kStays), Busy);
  LiveModel brief = open({.bytes = 8, .tokens = 4});
  EXPECT_EQ(code_of([&] { brief.unit(kUnit, "123456789", kStays); }), Code::invalid);
  EXPECT_EQ(code_of([&] { brief.unit(kUnit, "1234", kStays); }), Code::invalid);
  EXPECT_EQ(code_of([&] { brief.unit(kUnit, "", kStays); }), Code::invalid);
  EXPECT_EQ(brief.unit(kUnit, "123", kStays).text.n_tokens(), 4u);
}

TEST_F(LiveModelTest, ManyAtOnceGetWhatOneGets) {
  LiveModel live = open();
  const std::vector<float> expected = live.unit(kUnit, "a text", kStays).sequences[0].values;
  std::vector<std::thread> threads;
  std::atomic<int> n_same = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back(
        [&] { n_same += live.unit(kUnit, "a text", kStays).sequences[0].values == expected; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_same, 8);
}

TEST_F(LiveModelTest, IsOfTheRecordingsModel) {
  EXPECT_EQ(code_of([&] { LiveModel("fake:2x20", recording(), {}); }), Code::invalid);
  EXPECT_EQ(code_of([&] { LiveModel("none.gguf", recording(), {}); }), Code::invalid);
}

}  // namespace
}  // namespace actogram
