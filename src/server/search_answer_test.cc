// A search of a recording of the fake model, step by step: what it says on its way, and how it
// ends.
#include "server/search_answer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/temporary_folder_test.h"
#include "query/open_recording.h"
#include "record/record.h"

namespace actogram {
namespace {

constexpr int kDocuments = 30;

class SearchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream lines(temporary_.path() + "/t.jsonl");
    for (int i = 0; i < kDocuments; ++i) {
      lines << R"({"text": "gold )" << i << R"( and some Gold"})" << '\n';
    }
    lines.close();
    RecordOptions options;
    options.model = "fake:3x200";
    options.output = temporary_.path() + "/r.acto";
    options.corpus.corpus.inputs = {temporary_.path() + "/t.jsonl"};
    options.corpus.sequences.context = 16;
    record(options, [](const Progress&) {});
    recording_ = open_recording(options.output);
  }

  testing::TemporaryFolder temporary_;
  std::shared_ptr<const Recording> recording_;
};

// The whole number that follows `"name":`, the first time.
int number_of(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const size_t at = json.find(key);
  EXPECT_NE(at, json.npos) << name << " in " << json;
  return at == json.npos ? -1 : std::stoi(json.substr(at + key.size()));
}

TEST_F(SearchTest, EachStepSaysWhatThereIsSoFarAndTheLastIsTheAnswer) {
  const TextSearch search(*recording_);
  const std::string silent = search.json({.text = "gold"}, [](const auto&) {});
  std::vector<std::string> steps;
  const std::string told =
      search.json({.text = "gold"},
                  [&](const std::function<std::string()>& so_far) { steps.push_back(so_far()); });
  EXPECT_EQ(told, silent);
  EXPECT_EQ(told.find("searched"), told.npos);
  ASSERT_GT(steps.size(), size_t{kDocuments});
  for (const char* name : {"n_sequences", "n_units", "n_occurrences"}) {
    for (size_t i = 1; i < steps.size(); ++i) {
      EXPECT_GE(number_of(steps[i], name), number_of(steps[i - 1], name)) << name << ", step " << i;
    }
  }
  EXPECT_EQ(number_of(steps[0], "n_occurrences"), 1) << "of the first sequence, after it";
  EXPECT_EQ(number_of(steps[0], "n_units"), 0) << "the peaks come after the text";
  const std::string& late = steps.back();
  EXPECT_EQ(number_of(late, "n_sequences"), number_of(late, "of_sequences"));
  EXPECT_EQ(number_of(late, "of_units"), 600);
  EXPECT_GT(number_of(late, "n_units"), 0);
  EXPECT_EQ(number_of(late, "n_occurrences"), number_of(told, "n_occurrences"));
  EXPECT_NE(late.find(R"("match":)"), late.npos) << "units are said before all are known";
}

TEST_F(SearchTest, AStepThatThrowsEndsIt) {
  const TextSearch search(*recording_);
  int n_steps = 0;
  const auto stop_at_third = [&](const auto&) {
    if (++n_steps == 3) fail(Code::invalid, "enough");
  };
  EXPECT_THROW(search.json({.text = "gold"}, stop_at_third), Error);
  EXPECT_EQ(n_steps, 3);
}

TEST_F(SearchTest, NobodyWaitsForASearchThatIsLeft) {
  const TextSearch search(*recording_);
  Documents documents;
  documents.search = [&](const TextQuestion& question, const SearchStep& step) {
    return search.json(question, step);
  };
  const auto lines_of = [&](const IsLeft& is_left, size_t most) {
    std::vector<std::string> lines;
    search_lines(documents, {.text = "gold"}, is_left).lines([&](const std::string& line) {
      lines.push_back(line);
      return lines.size() < most;
    });
    return lines;
  };
  const auto stays = [] { return false; };
  const std::vector<std::string> whole = lines_of(stays, 1000);
  ASSERT_GE(whole.size(), 2u);
  EXPECT_EQ(whole.back(), search.json({.text = "gold"}, [](const auto&) {}));
  EXPECT_EQ(number_of(whole.front(), "n_occurrences"), 1) << "the first line comes at once";
  EXPECT_NE(lines_of(stays, 1).back().find("error"), std::string::npos);
  const auto gone = [] { return true; };
  EXPECT_EQ(lines_of(gone, 1000).size(), 1u);
  EXPECT_THROW(search_answer(documents, {.text = "gold"}, gone), Error);
}

}  // namespace
}  // namespace actogram
