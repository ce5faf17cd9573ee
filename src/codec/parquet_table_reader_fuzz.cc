// Any bytes are batches of the columns or an Error.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

#include "actogram/error.h"
#include "codec/parquet_table_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  constexpr int kMaxBatches = 100;   // a small file may claim billions of rows
  const bool exact = size % 2 == 0;  // a mean as double, no null in rows
  constexpr std::optional<double> kRefused, kMinusOne = -1;
  try {
    ParquetTableReader table(std::as_bytes(std::span(data, size)), "fuzz",
                             {{{"layer", ColumnType::i64}},
                              {{"mean", exact ? ColumnType::f64 : ColumnType::f32}, 0.5},
                              {{"values", ColumnType::list_f32}, 0.0},
                              {{"rows", ColumnType::list_i64}, exact ? kRefused : kMinusOne},
                              {{"extra", ColumnType::utf8}}});
    for (int i = 0; i < kMaxBatches && table.next(); ++i) {
      const size_t n = table.n_batch_rows();
      if (table.integers(0).size() != n ||
          (exact ? table.doubles(1).size() : table.floats(1).size()) != n)
        abort();
      const Strings extra = table.strings(4);
      if (extra.size() != n || extra.present.size() != n) abort();
      const auto values = table.float_lists(2);
      const auto rows = table.integer_lists(3);
      for (size_t row = 0; row < n; ++row) {
        for (const float value : values[row]) static_cast<void>(value == 0);
        for (const int64_t index : rows[row]) static_cast<void>(index == 0);
      }
    }
  } catch (const Error&) {
  }
  return 0;
}
