// Rows of numbers and repeated names out of large Parquet files, many at a time: what a table of
// events or measurements is made of. Made for speed; ParquetTextReader is for long texts.
//
//   asked for   found                                  given as
//   index       any integer from 0 to 2^32 - 1         uint32
//   number      float; double that is one exactly      float32
//   name        strings or bytes, few of them          a code, and the name behind each code
//
// A batch is decoded on the calling thread from one row group, so that threads with a reader each
// can share a file. Codes are those of one batch: the same name may have another in the next.
// The file is a claim: a null, a number outside and any damage is an Error that names file, column
// and row. Memory is limited to kMaxDecodedBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actogram {

enum class RecordKind : uint8_t { index, number, name };

struct RecordColumn {
  std::string name;
  RecordKind kind = RecordKind::index;
};

class ParquetRecords {
 public:
  static constexpr int64_t kBatchRows = 1 << 16;
  static constexpr int64_t kMaxDecodedBytes = int64_t{2} << 30;

  // Error{not_found} for a column that is missing, Error{corrupt} for one of another type.
  ParquetRecords(const std::string& path, const std::vector<RecordColumn>& columns);
  // `file` outlives the reader; `name` is the file in errors.
  ParquetRecords(std::span<const std::byte> file, std::string name,
                 const std::vector<RecordColumn>& columns);
  ~ParquetRecords();
  ParquetRecords(ParquetRecords&&) noexcept;

  size_t n_row_groups() const;
  uint64_t n_rows() const;

  // Batches come from this row group from now on, until its end.
  void seek(size_t row_group);
  // Decodes the next batch; false after the last. What the last one handed out is gone.
  bool next();

  uint64_t batch_row() const;  // in the file, of the batch's first row
  size_t n_batch_rows() const;
  // By the number of the column among those asked for.
  std::span<const uint32_t> indices(size_t column) const;
  std::span<const float> numbers(size_t column) const;
  std::span<const uint32_t> codes(size_t column) const;
  size_t n_codes(size_t column) const;
  std::string_view name_of(size_t column, uint32_t code) const;  // Requires: code < n_codes().

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace actogram
