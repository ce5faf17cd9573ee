// Our columns as Arrow sees them, for the writers of this folder.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "codec/arrow_table.h"

namespace actogram {

std::shared_ptr<arrow::Schema> arrow_schema(const std::vector<ColumnSpec>& columns);

// Looks at the columns' memory; copies nothing.
std::shared_ptr<arrow::RecordBatch> arrow_batch(const std::shared_ptr<arrow::Schema>& schema,
                                                size_t n_rows, std::span<const ColumnData> columns);

// Arrow's idea of a stream, over our FileWriter, which knows about checksums and full disks.
class FileSink : public arrow::io::OutputStream {
 public:
  explicit FileSink(const std::string& path) : writer_(path) {}

  arrow::Status Write(const void* data, int64_t n) override {
    writer_.write(std::span(static_cast<const std::byte*>(data), static_cast<size_t>(n)));
    return arrow::Status::OK();
  }
  using arrow::io::OutputStream::Write;
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(writer_.n_bytes()); }
  bool closed() const override { return closed_; }

  FileWriter& writer() { return writer_; }

 private:
  FileWriter writer_;
  bool closed_ = false;
};

}  // namespace actogram
