// Tables as Arrow IPC files: written batch by batch, read in place from a mapped file.
//
//   file := rows in record batches, uncompressed
//
// Any Arrow reader opens them (pyarrow, Polars, DuckDB). Only the column types that our tables use
// are here, none of them nullable. A writer gives the same bytes for the same batches. A reader
// trusts nothing: schema and offsets are checked before a span is handed out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"

namespace actogram {

// Names as in Arrow, the variable-width ones with 64-bit offsets.
enum class ColumnType {
  u8,
  u16,
  u32,
  i32,
  i64,
  u64,
  f32,
  f64,
  utf8,
  bytes,
  fixed_bytes,
  list_u16,
  list_u32,
  list_i32,
  list_i64,
  list_u64,
  list_f32,
  list_f64
};

struct ColumnSpec {
  std::string name;
  ColumnType type;
  int width = 0;  // bytes of one fixed_bytes value

  bool operator==(const ColumnSpec&) const = default;
};

// n rows of lists: row i is values[offsets[i], offsets[i + 1]).
template <typename T>
struct Lists {
  std::span<const int64_t> offsets;  // [n + 1]
  std::span<const T> values;

  size_t size() const { return offsets.size() - 1; }
  std::span<const T> operator[](size_t i) const {
    return values.subspan(static_cast<size_t>(offsets[i]),
                          static_cast<size_t>(offsets[i + 1] - offsets[i]));
  }
};

// The same for strings and bytes.
struct Strings : Lists<char> {
  // [n] 0 where there is none, which only ParquetTableWriter writes; empty: all are there
  std::span<const uint8_t> present = {};

  std::string_view operator[](size_t i) const {
    const auto chars = Lists<char>::operator[](i);
    return {chars.data(), chars.size()};
  }
};

// One column's part of a batch; the caller keeps the memory alive while write() runs.
using ColumnData =
    std::variant<std::span<const uint8_t>, std::span<const uint16_t>, std::span<const uint32_t>,
                 std::span<const int32_t>, std::span<const int64_t>, std::span<const uint64_t>,
                 std::span<const float>, std::span<const double>, Strings, Lists<uint16_t>,
                 Lists<uint32_t>, Lists<int32_t>, Lists<int64_t>, Lists<uint64_t>, Lists<float>,
                 Lists<double>, std::span<const std::byte>>;

// How much of a table is safely written: where another process can go on.
struct TableMark {
  uint64_t n_bytes = 0;
  std::string checksum;  // of these bytes
};

class TableWriter {
 public:
  TableWriter(const std::string& path, const std::vector<ColumnSpec>& columns);
  // Goes on from `from`, with what another process left at `path`; the result is what one process
  // would have written. Error{corrupt} where that is not there any more.
  TableWriter(const std::string& path, const std::vector<ColumnSpec>& columns,
              const TableMark& from);
  ~TableWriter();
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) noexcept;

  // One record batch; `columns` in the order of the specs, all with `n_rows` rows.
  void write(size_t n_rows, std::span<const ColumnData> columns);
  TableMark mark();  // the batches that were written are on the disk after it
  void finish();

  uint64_t n_rows() const;
  uint64_t n_bytes() const;
  std::string checksum() const;  // after finish()

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A record batch that was read. Spans point into the mapped file and live as long as the reader.
class TableBatch {
 public:
  size_t n_rows() const;

  template <typename T>
  std::span<const T> column(size_t index) const;  // T fits the column's type
  Strings strings(size_t index) const;
  std::span<const std::byte> fixed_bytes(size_t index) const;  // [n_rows * width]
  template <typename T>
  Lists<T> lists(size_t index) const;

 private:
  friend class TableReader;
  struct State;
  const State* state_ = nullptr;  // the reader's
};

class TableReader {
 public:
  // Fails unless the file has exactly these columns, in this order.
  TableReader(const std::string& path, const std::vector<ColumnSpec>& columns);
  ~TableReader();
  TableReader(TableReader&&) noexcept;

  uint64_t n_rows() const { return first_row_.back(); }
  size_t n_batches() const { return first_row_.size() - 1; }
  uint64_t first_row(size_t batch) const { return first_row_[batch]; }
  size_t batch_of(uint64_t row) const;  // Error{corrupt} where there is no such row.
  // Checked whole when it is first asked for, then kept: a few hundred bytes a column. From then on
  // it costs some nanoseconds, whatever other threads ask for.
  TableBatch batch(size_t index) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::vector<uint64_t> first_row_;  // [n_batches + 1]
};

}  // namespace actogram
