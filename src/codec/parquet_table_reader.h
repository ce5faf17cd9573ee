// Columns out of a Parquet file that anyone may have written, a few rows at a time.
//
// Columns are found by name and come in whatever type that file has for them:
//
//   asked for     found
//   i64           any integer
//   f32, f64      float, double
//   list_i64      list, large_list or fixed_size_list of any integer
//   list_f32      the same of float or double
//   fixed_bytes   fixed_size_binary of that width
//   utf8, bytes   strings or binary, large, view or plain; null becomes "" (is_null() tells)
//
// The file is a claim: whatever is wrong with it is an Error that names file, column and row.
// Memory is a page per column and the rows of a batch, limited to kMaxDecodedBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/arrow_table.h"

namespace actogram {

// A column to read, and what a null in it stands for: of lists, a null among the entries. Where it
// stands for nothing it is an Error, and so is a list that is null altogether.
struct ParquetColumn {
  ColumnSpec spec;
  std::optional<double> null_is = {};
};

class ParquetTableReader {
 public:
  static constexpr int64_t kBatchRows = 512;
  static constexpr int64_t kMaxDecodedBytes = int64_t{2} << 30;

  // Error{not_found} for a column that is missing, Error{corrupt} for one of another type.
  ParquetTableReader(const std::string& path, const std::vector<ParquetColumn>& columns,
                     int64_t batch_rows = kBatchRows);
  // `file` outlives the reader; `name` is the file in errors.
  ParquetTableReader(std::span<const std::byte> file, std::string name,
                     const std::vector<ParquetColumn>& columns);
  ~ParquetTableReader();
  ParquetTableReader(ParquetTableReader&&) noexcept;

  const std::string& name() const;
  const std::vector<std::string>& other_columns() const;  // that were not asked for
  uint64_t n_rows() const;
  size_t n_row_groups() const;
  uint64_t first_row(size_t row_group) const;  // n_rows() after the last

  // Batches come from these row groups from now on; after construction, from all.
  void seek(size_t first_row_group, size_t n_row_groups);
  // Decodes the next batch; false after the last. What the last one handed out is gone.
  bool next();

  uint64_t batch_row() const;  // in the file, of the batch's first row
  size_t n_batch_rows() const;
  std::span<const int64_t> integers(size_t column) const;
  std::span<const float> floats(size_t column) const;
  std::span<const double> doubles(size_t column) const;
  Lists<int64_t> integer_lists(size_t column) const;
  Lists<float> float_lists(size_t column) const;
  std::span<const std::byte> fixed_bytes(size_t column) const;
  Strings strings(size_t column) const;
  bool is_null(size_t column, size_t i) const;  // of a column of strings

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace actogram
