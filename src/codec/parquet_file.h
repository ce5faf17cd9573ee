// How the readers of this folder open a Parquet file, and how its damage becomes an Error.
#pragma once

#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "codec/arrow_status.h"

namespace actogram {

// Parquet reports some damage as exceptions of its own; they end here.
template <typename Action>
auto guarded(const std::string& what, Action&& action) {
  try {
    return action();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    fail(Code::environment, "{}: no memory to decode it", what);
  } catch (const std::exception& error) {
    fail(Code::corrupt, "{}: {}", what, error.what());
  }
}

// Bytes that outlive what reads them.
inline std::shared_ptr<arrow::io::RandomAccessFile> source_over(std::span<const std::byte> file) {
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::Wrap(file.data(), file.size()));
}

// Decodes on the calling thread, into `pool`, which outlives the reader, `batch_rows` rows at a
// time. Call it guarded().
inline std::unique_ptr<parquet::arrow::FileReader> open_parquet(
    const std::shared_ptr<arrow::io::RandomAccessFile>& file, const std::string& name,
    arrow::MemoryPool& pool, int64_t batch_rows) {
  parquet::ReaderProperties reading(&pool);
  reading.enable_buffered_stream();  // a column's bytes as they are needed, not all of a row group
  parquet::arrow::FileReaderBuilder builder;
  ok(builder.Open(file, reading), name);
  parquet::ArrowReaderProperties properties(false);
  properties.set_pre_buffer(false);
  properties.set_batch_size(batch_rows);
  return ok(builder.memory_pool(&pool)->properties(properties)->Build(), name);
}

// The first row of each row group, and how many rows there are; [row group + 1].
inline std::vector<uint64_t> first_rows_of(const parquet::FileMetaData& metadata,
                                           const std::string& name) {
  std::vector<uint64_t> first_rows = {0};
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const int64_t n = metadata.RowGroup(i)->num_rows();
    if (n < 0) fail(Code::corrupt, "{}: row group {} claims {} rows", name, i, n);
    first_rows.push_back(first_rows.back() + static_cast<uint64_t>(n));
  }
  return first_rows;
}

}  // namespace actogram
