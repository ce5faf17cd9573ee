// Goes through a table row by row: a record batch is opened and checked once, however many of its
// rows are asked for in turn. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "codec/arrow_table.h"
#include "store/layout.h"

namespace actogram {

class TableCursor {
 public:
  TableCursor(const std::string& folder, const TableSpec& table)
      : table_(folder + "/" + table.file, table.columns) {}

  uint64_t n_rows() const { return table_.n_rows(); }

  // Goes to a row and gives its place in batch(). What it has stays valid until the next call.
  // Requires: row < n_rows().
  size_t go_to(uint64_t row) {
    const size_t index = table_.batch_of(row);
    if (!open_ || index != index_) batch_ = table_.batch(index);
    open_ = true, index_ = index;
    return row - table_.first_row(index);
  }
  const TableBatch& batch() const { return batch_; }

 private:
  TableReader table_;
  TableBatch batch_;
  size_t index_ = 0;
  bool open_ = false;
};

}  // namespace actogram
