// Numbers and names out of Parquet files of our own writer; files of other writers are read in
// formats/event_files_test.cc.
#include "codec/parquet_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <limits>

#include "actogram/error.h"
#include "codec/parquet_table.h"

namespace actogram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ParquetRecordsTest : public ::testing::Test {
 protected:
  ~ParquetRecordsTest() override { std::filesystem::remove(path_); }

  // Every call of `write` is a row group.
  void write(const std::vector<ColumnSpec>& specs,
             const std::vector<std::vector<ColumnData>>& groups, size_t n_rows) const {
    ParquetTableWriter table(path_, specs);
    for (const auto& columns : groups) table.write(n_rows, columns);
    table.finish();
  }
  std::string error_of(const std::vector<RecordColumn>& columns) const {
    try {
      ParquetRecords rows(path_, columns);
      rows.seek(0);
      while (rows.next()) {
      }
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  const std::string path_ =
      ::testing::TempDir() + "actogram_records_" + std::to_string(::getpid()) + ".parquet";
};

template <typename T>
std::span<const T> whole(const std::vector<T>& values) {
  return values;
}

TEST_F(ParquetRecordsTest, GivesEachRowGroup) {
  const std::vector<int64_t> wide = {0, 4'294'967'295};
  const std::vector<int32_t> narrow = {7, 2'147'483'647};
  const std::vector<double> doubles = {0.5, -3.25};
  const std::vector<float> floats = {1e-40f, std::numeric_limits<float>::infinity()};
  const std::vector<int64_t> offsets = {0, 2, 2};
  const std::string names = "ab";
  const Strings strings{{offsets, names}};
  const std::vector<ColumnData> group = {whole(wide), whole(narrow), whole(doubles), whole(floats),
                                         strings};
  write({{"wide", ColumnType::i64},
         {"narrow", ColumnType::i32},
         {"doubles", ColumnType::f64},
         {"floats", ColumnType::f32},
         {"names", ColumnType::utf8}},
        {group, group, group}, 2);

  ParquetRecords rows(path_, {{"names", RecordKind::name},
                              {"floats", RecordKind::number},
                              {"doubles", RecordKind::number},
                              {"narrow", RecordKind::index},
                              {"wide", RecordKind::index}});
  EXPECT_EQ(rows.n_rows(), 6);
  ASSERT_EQ(rows.n_row_groups(), 3);
  for (const size_t group_number : {2, 0}) {
    rows.seek(group_number);
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.batch_row(), 2 * group_number);
    EXPECT_EQ(rows.n_batch_rows(), 2);
    ASSERT_EQ(rows.n_codes(0), 2);
    EXPECT_EQ(rows.name_of(0, rows.codes(0)[0]), "ab");
    EXPECT_EQ(rows.name_of(0, rows.codes(0)[1]), "");
    EXPECT_THAT(rows.numbers(1), ElementsAre(floats[0], floats[1]));
    EXPECT_THAT(rows.numbers(2), ElementsAre(0.5f, -3.25f));
    EXPECT_THAT(rows.indices(3), ElementsAre(7u, 2'147'483'647u));
    EXPECT_THAT(rows.indices(4), ElementsAre(0u, 4'294'967'295u));
    EXPECT_FALSE(rows.next());
  }
}

TEST_F(ParquetRecordsTest, NamesColumnAndRowOfWhatIsOutside) {
  const std::vector<int32_t> negative = {1, -2};
  const std::vector<int64_t> large = {4'294'967'296, 1};
  const std::vector<double> doubles = {0.5, 0.1};
  write({{"negative", ColumnType::i32}, {"large", ColumnType::i64}, {"doubles", ColumnType::f64}},
        {{whole(negative), whole(large), whole(doubles)}}, 2);
  EXPECT_THAT(error_of({{"negative", RecordKind::index}}),
              HasSubstr("column \"negative\": row 1: found -2, expected an integer from 0"));
  EXPECT_THAT(error_of({{"large", RecordKind::index}}), HasSubstr("row 0: found 4294967296"));
  EXPECT_THAT(error_of({{"doubles", RecordKind::number}}), HasSubstr("row 1: found 0.1"));
  EXPECT_THAT(error_of({{"doubles", RecordKind::index}}),
              HasSubstr("expected integers, found double"));
  EXPECT_THAT(error_of({{"negative", RecordKind::name}}),
              HasSubstr("expected strings, found int32"));
  EXPECT_THAT(error_of({{"prompt", RecordKind::name}}),
              HasSubstr("no column \"prompt\"; there are: negative, large, doubles"));
}

}  // namespace
}  // namespace actogram
