// How the readers of this folder open a Parquet file, and how its damage becomes an Error.
#pragma once

#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string>

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

// Decodes on the calling thread, into `pool`, `batch_rows` rows at a time. `file` and `pool`
// outlive the reader. Call it guarded().
inline std::unique_ptr<parquet::arrow::FileReader> open_parquet(std::span<const std::byte> file,
                                                                const std::string& name,
                                                                arrow::MemoryPool& pool,
                                                                int64_t batch_rows) {
  const auto buffer = arrow::Buffer::Wrap(file.data(), file.size());
  parquet::arrow::FileReaderBuilder builder;
  ok(builder.Open(std::make_shared<arrow::io::BufferReader>(buffer),
                  parquet::ReaderProperties(&pool)),
     name);
  parquet::ArrowReaderProperties properties(false);
  properties.set_pre_buffer(false);  // the file is in memory already
  properties.set_batch_size(batch_rows);
  return ok(builder.memory_pool(&pool)->properties(properties)->Build(), name);
}

}  // namespace actogram
