// The published layout, from files that Hugging Face datasets wrote (tests/golden): what is
// scanned, and that threads and the order of reading do not matter. Values are held against
// pyarrow's by tests/oracle/test_events.py.
#include "formats/event_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <tuple>

#include "actogram/error.h"

namespace actogram {
namespace {

const std::string kGolden =
    std::string(ACTOGRAM_SOURCE_DIR) + "/tests/golden/sae-parquet-4subset/feature-activations";

using Rows = std::multiset<std::tuple<uint32_t, uint32_t, float>>;

Rows read_all(const EventFiles& files, const EventScan& scan, ThreadPool& pool) {
  Rows rows;
  std::mutex mutex;
  const NoEvents left_out =
      files.read(scan, pool, [&](size_t, auto tokens, auto units, auto values) {
        const std::lock_guard lock(mutex);
        for (size_t i = 0; i < tokens.size(); ++i) rows.emplace(tokens[i], units[i], values[i]);
      });
  EXPECT_EQ(left_out, NoEvents{});
  return rows;
}

TEST(EventFiles, AreScannedAndRead) {
  ThreadPool one(1), three(3);
  const EventFiles files({kGolden});
  const EventScan scan = files.scan(three);
  EXPECT_EQ(scan.n_rows, 100'000);  // of 400 features, the last of which never fires
  EXPECT_EQ(scan.layers, (std::vector<EventLayer>{{19, 399}}));
  EXPECT_EQ(scan.n_units(), 399);
  EXPECT_EQ(scan.prompts.size(), 170);
  EXPECT_EQ(scan.first_token.size(), 171);
  const EventScan again = files.scan(one);
  EXPECT_EQ(again.prompts, scan.prompts);
  EXPECT_EQ(again.first_token, scan.first_token);

  const Rows rows = read_all(files, scan, three);
  EXPECT_EQ(rows.size(), scan.n_rows);
  EXPECT_EQ(rows, read_all(files, scan, one));
  for (const auto& [token, unit, value] : rows) {
    ASSERT_LT(token, scan.n_tokens());
    ASSERT_LT(unit, 399);
  }
}

TEST(EventFiles, SaysWhatIsNotThere) {
  try {
    const EventFiles files({kGolden + "/.."});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("no *.parquet files"));
  }
}

}  // namespace
}  // namespace actogram
