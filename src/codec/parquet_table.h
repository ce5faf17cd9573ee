// Tables as Parquet files, for publishing: what data-set tools read best.
//
// Snappy-compressed, columns declared nullable, null only where Strings says so, lists as plain
// Parquet lists.
// Nothing of Arrow's own schema is stored, so a reader sees the types that any other writer's file
// would have.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/arrow_table.h"

namespace actogram {

class ParquetTableWriter {
 public:
  ParquetTableWriter(const std::string& path, const std::vector<ColumnSpec>& columns);
  ~ParquetTableWriter();

  // One row group; `columns` in the order of the specs, all with `n_rows` rows.
  void write(size_t n_rows, std::span<const ColumnData> columns);
  void finish();

  uint64_t n_bytes() const;  // after finish()

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace actogram
