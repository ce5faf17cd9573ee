// Any bytes are a table whose every span can be read, or an Error.
#include <cstdint>
#include <cstdlib>

#include "base/memory_file.h"
#include "codec/arrow_table.h"

namespace {

// Reads every byte that the lists claim.
template <typename T>
uint64_t sum_of(const actogram::Lists<T>& lists) {
  uint64_t sum = 0;
  for (size_t i = 0; i < lists.size(); ++i) {
    for (const T value : lists[i]) sum += static_cast<uint64_t>(value);
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const testing::MemoryFile file(data, size);
  const std::vector<ColumnSpec> columns = {{"value_bins", ColumnType::list_u16},
                                           {"value_counts", ColumnType::list_u64},
                                           {"maximum_bins", ColumnType::list_u16},
                                           {"maximum_counts", ColumnType::list_u64}};
  try {
    const TableReader reader(file.path(), columns);
    uint64_t sum = 0;
    for (size_t i = 0; i < reader.n_batches(); ++i) {
      const TableBatch batch = reader.batch(i);
      sum += sum_of(batch.lists<uint16_t>(0)) + sum_of(batch.lists<uint64_t>(1));
      sum += sum_of(batch.lists<uint16_t>(2)) + sum_of(batch.lists<uint64_t>(3));
    }
    if (sum == 0x123456789abcdef) abort();  // so that the sums are not optimised away
  } catch (const Error&) {
  }
  return 0;
}
