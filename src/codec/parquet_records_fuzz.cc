// Any bytes are rows or an Error.
#include <cstdint>
#include <span>

#include "actogram/error.h"
#include "codec/parquet_records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  constexpr int kMostBatches = 100;  // a small file may claim billions of rows
  try {
    ParquetRecords rows(std::as_bytes(std::span(data, size)), "fuzz",
                        {{"layer_id", RecordKind::index},
                         {"activation_value", RecordKind::number},
                         {"prompt_id", RecordKind::name}});
    for (size_t group = 0; group < rows.n_row_groups(); ++group) {
      rows.seek(group);
      for (int i = 0; i < kMostBatches && rows.next(); ++i) {
        for (const uint32_t code : rows.codes(2)) rows.name_of(2, code);
      }
    }
  } catch (const Error&) {
  }
  return 0;
}
