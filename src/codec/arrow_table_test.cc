#include "codec/arrow_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/threads.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

const std::vector<ColumnSpec> kColumns = {{"number", ColumnType::u32},
                                          {"list", ColumnType::list_f32}};

// Batch `b` of a table, the same in every process.
void write_batch(TableWriter& table, uint32_t b) {
  std::vector<uint32_t> numbers;
  std::vector<int64_t> offsets{0};
  std::vector<float> values;
  for (uint32_t i = 0; i < 100 + b; ++i) {
    numbers.push_back(b * 1000 + i);
    values.insert(values.end(), i % 7, static_cast<float>(b) + 0.5F);
    offsets.push_back(static_cast<int64_t>(values.size()));
  }
  const ColumnData columns[] = {std::span<const uint32_t>(numbers), Lists<float>{offsets, values}};
  table.write(numbers.size(), columns);
}

class TableWriterTest : public ::testing::Test {
 protected:
  TableWriterTest()
      : path_(::testing::TempDir() + "actogram_" + std::to_string(::getpid()) + ".arrow") {}
  ~TableWriterTest() override {
    fs::remove(path_);
    fs::remove(path_ + ".before");
  }

  std::string whole() {
    TableWriter table(path_, kColumns);
    for (uint32_t b = 0; b < 6; ++b) write_batch(table, b);
    table.finish();
    return read_file(path_);
  }

  std::string path_;
};

TEST_F(TableWriterTest, GoesOnFromWhatAnotherProcessLeft) {
  const std::string expected = whole();
  for (uint32_t stopped = 0; stopped <= 5; ++stopped) {
    TableMark mark;
    {
      TableWriter table(path_, kColumns);
      for (uint32_t b = 0; b < stopped; ++b) write_batch(table, b);
      mark = table.mark();
      write_batch(table, 5);  // lost
    }
    if (stopped % 2 == 1) {  // stopped again, while it was taken up
      fs::rename(path_, path_ + ".before");
      write_file_atomically(path_, "half of it");
    }
    TableWriter table(path_, kColumns, mark);
    const uint64_t n_rows = stopped * 100 + stopped * (stopped - 1) / 2;
    EXPECT_EQ(table.n_rows(), stopped == 0 ? 0 : n_rows);
    for (uint32_t b = stopped; b < 6; ++b) write_batch(table, b);
    table.finish();
    EXPECT_EQ(read_file(path_), expected) << stopped;
    EXPECT_FALSE(fs::exists(path_ + ".before"));
  }
}

TEST_F(TableWriterTest, DoesNotGoOnFromSomethingElse) {
  TableMark mark;
  {
    TableWriter table(path_, kColumns);
    write_batch(table, 0);
    mark = table.mark();
  }
  std::string bytes = read_file(path_);
  bytes[bytes.size() / 2] ^= 1;
  write_file_atomically(path_, bytes);
  EXPECT_THROW(TableWriter(path_, kColumns, mark), Error);
  fs::remove(path_ + ".before");
  write_file_atomically(path_, bytes.substr(0, 20));
  EXPECT_THROW(TableWriter(path_, kColumns, mark), Error);
}

// Asked for by several threads at once, each batch is one and the same, and right.
TEST_F(TableWriterTest, GivesEachBatchToAllThreads) {
  whole();
  const TableReader table(path_, kColumns);
  ThreadPool pool(4);
  std::vector<std::vector<const uint32_t*>> found(40);  // [asking][batch]
  pool.parallel_for(found.size(), [&](size_t asking, size_t) {
    found[asking].resize(table.n_batches());
    for (size_t i = 0; i < table.n_batches(); ++i) {
      const size_t b = (asking + i) % table.n_batches();
      const auto numbers = table.batch(b).column<uint32_t>(0);
      EXPECT_EQ(numbers.size(), 100 + b);
      EXPECT_EQ(numbers[0], b * 1000);
      found[asking][b] = numbers.data();
    }
  });
  for (const auto& batches : found) EXPECT_EQ(batches, found[0]);
}

}  // namespace
}  // namespace actogram
