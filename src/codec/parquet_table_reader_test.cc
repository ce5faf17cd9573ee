#include "codec/parquet_table_reader.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include "actogram/error.h"
#include "base/file.h"
#include "codec/parquet_text.h"

namespace actogram {
namespace {

using ::testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
const std::vector<ParquetColumn> kColumns = {{{"layer", ColumnType::i64}},
                                             {{"mean", ColumnType::f32}, kNan},
                                             {{"values", ColumnType::list_f32}, 0},
                                             {{"rows", ColumnType::list_i64}, -1}};

std::string golden(const std::string& name) {
  return ACTOGRAM_SOURCE_DIR "/tests/golden/corpus/" + name + ".parquet";
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

// What tests/golden/corpus/make.py wrote: three rows in two row groups, columns in another order,
// numbers of two widths.
TEST(ParquetTable, ReadsEveryTypeOfListAndNumber) {
  for (const char* name : {"table_list", "table_large_list", "table_fixed_size_list"}) {
    SCOPED_TRACE(name);
    ParquetTableReader table(golden(name), kColumns);
    EXPECT_EQ(table.n_rows(), 3u);
    EXPECT_EQ(table.n_row_groups(), 2u);
    EXPECT_THAT(table.other_columns(), ElementsAre("extra"));
    std::vector<int64_t> layers;
    std::vector<float> means;
    std::vector<std::vector<float>> values;
    std::vector<std::vector<int64_t>> rows;
    while (table.next()) {
      EXPECT_EQ(table.batch_row(), layers.size());
      for (size_t i = 0; i < table.n_batch_rows(); ++i) {
        layers.push_back(table.integers(0)[i]);
        means.push_back(table.floats(1)[i]);
        const auto v = table.float_lists(2)[i];
        const auto r = table.integer_lists(3)[i];
        values.emplace_back(v.begin(), v.end());
        rows.emplace_back(r.begin(), r.end());
      }
    }
    EXPECT_THAT(layers, ElementsAre(0, 0, 1));
    EXPECT_EQ(means[0], 1.5f);
    EXPECT_TRUE(std::isnan(means[1]));
    EXPECT_EQ(means[2], 2.5f);
    EXPECT_THAT(values, ElementsAre(ElementsAre(1, 2), ElementsAre(0, -0.5f), ElementsAre(0, 3)));
    EXPECT_THAT(rows, ElementsAre(ElementsAre(5, 6), ElementsAre(-1, 1), ElementsAre(2, 3)));
  }
}

TEST(ParquetTable, NumbersAreAsWideAsAskedFor) {
  ParquetTableReader table(golden("table_list"), {{{"mean", ColumnType::f64}, kNan}});
  std::vector<double> means;
  while (table.next()) {
    const auto batch = table.doubles(0);
    means.insert(means.end(), batch.begin(), batch.end());
  }
  ASSERT_EQ(means.size(), 3u);
  EXPECT_EQ(means[0], 1.5);
  EXPECT_TRUE(std::isnan(means[1]));
  EXPECT_EQ(means[2], 2.5);
}

// The golden table has one null in each of three columns.
TEST(ParquetTable, ANullIsWhatItsColumnSays) {
  const auto numbers = [](const ColumnSpec& column, std::optional<double> null_is) {
    ParquetTableReader table(golden("table_list"), {{column, null_is}});
    std::vector<double> found;  // the first of each list
    while (table.next()) {
      for (size_t i = 0; i < table.n_batch_rows(); ++i) {
        if (column.type == ColumnType::f32) {
          found.push_back(table.floats(0)[i]);
        } else if (column.type == ColumnType::list_f32) {
          found.push_back(table.float_lists(0)[i][0]);
        } else {
          found.push_back(static_cast<double>(table.integer_lists(0)[i][0]));
        }
      }
    }
    return found;
  };
  const ColumnSpec mean = {"mean", ColumnType::f32}, values = {"values", ColumnType::list_f32},
                   rows = {"rows", ColumnType::list_i64};
  EXPECT_THAT(numbers(mean, 7), ElementsAre(1.5, 7, 2.5));
  EXPECT_THAT(numbers(values, -4), ElementsAre(1, 0, -4));
  EXPECT_THAT(numbers(values, kNan), ElementsAre(1, 0, ::testing::IsNan()));
  EXPECT_THAT(numbers(rows, -3), ElementsAre(5, -3, 2));
  const auto refused = [&](const ColumnSpec& column) {
    return error_of([&] { numbers(column, {}); });
  };
  const std::string file = golden("table_list");
  EXPECT_EQ(refused(mean), file + ": row 1: \"mean\" is null");
  EXPECT_EQ(refused(values), file + ": row 2: entry 0 of \"values\" is null");
  EXPECT_EQ(refused(rows), file + ": row 1: entry 0 of \"rows\" is null");
}

// ParquetTextReader's tests say what these files hold; here a null is a row of its own.
TEST(ParquetTable, ReadsEveryTypeOfString) {
  for (const char* name :
       {"string", "large_string", "binary", "large_binary", "string_view", "dictionary"}) {
    SCOPED_TRACE(name);
    ParquetTextReader texts(golden(name), {});
    ParquetTableReader table(golden(name), {{{"text", ColumnType::bytes}}}, 7);
    auto expected = texts.next();
    uint64_t n_null = 0;
    while (table.next()) {
      EXPECT_LE(table.n_batch_rows(), 7u);
      for (size_t i = 0; i < table.n_batch_rows(); ++i) {
        if (table.is_null(0, i)) {
          EXPECT_EQ(table.strings(0)[i], "");
          ++n_null;
          continue;
        }
        ASSERT_TRUE(expected);
        EXPECT_EQ(expected->number, table.batch_row() + i + 1);
        EXPECT_EQ(table.strings(0)[i], expected->text);
        expected = texts.next();
      }
    }
    EXPECT_FALSE(expected);
    EXPECT_EQ(n_null, texts.n_null());
  }
}

TEST(ParquetTable, GoesBackToARowGroup) {
  ParquetTableReader table(golden("table_list"), kColumns);
  while (table.next()) {
  }
  table.seek(1, 1);
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.batch_row(), 2u);
  EXPECT_THAT(table.float_lists(2)[0], ElementsAre(0, 3));
  EXPECT_FALSE(table.next());
}

TEST(ParquetTable, ErrorsNameFileColumnAndWhatWasFound) {
  const auto open = [](const ColumnSpec& column) {
    return [column] { ParquetTableReader table(golden("table_list"), {{column}}); };
  };
  EXPECT_EQ(error_of(open({"layers", ColumnType::i64}), Code::not_found),
            golden("table_list") + ": no column \"layers\"");
  EXPECT_EQ(error_of(open({"mean", ColumnType::i64})),
            golden("table_list") + ": column \"mean\": expected integers, found double");
  EXPECT_EQ(
      error_of(open({"mean", ColumnType::list_f32})),
      golden("table_list") + ": column \"mean\": expected lists of float or double, found double");
  error_of(open({"values", ColumnType::list_i64}));
  error_of(open({"extra", ColumnType::fixed_bytes, 4}));
}

void read_all(std::span<const std::byte> bytes) {
  ParquetTableReader table(bytes, "f.parquet", kColumns);
  while (table.next()) {
  }
}

TEST(ParquetTable, DamagedFilesAreErrorsAtWorst) {
  const std::string text = read_file(golden("table_large_list"));
  const auto bytes = std::as_bytes(std::span(text));
  EXPECT_NO_THROW(read_all(bytes));
  for (size_t size = 0; size < bytes.size(); size += 1 + size / 10) {
    SCOPED_TRACE(size);
    const std::string message = error_of([&] { read_all(bytes.first(size)); });
    EXPECT_TRUE(message.starts_with("f.parquet")) << message;
  }
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::vector<std::byte> damaged(bytes.begin(), bytes.end());
    for (size_t n = 1 + rng() % 4; n > 0; --n) damaged[rng() % damaged.size()] = std::byte(rng());
    try {
      read_all(damaged);
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace actogram
