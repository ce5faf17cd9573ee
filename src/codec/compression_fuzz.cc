// Any bytes are what they stand for, within the bound, or an Error; and what was compressed here
// comes back.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "actogram/error.h"
#include "codec/compression.h"
#include "codec/pair_lists.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  constexpr size_t kMost = 1 << 20;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const std::string text = decompress(bytes, compression_of(bytes), kMost, "fuzz");
    if (text.size() > kMost) abort();
    const PairLists lists = parse_pair_lists(text, "fuzz");
    if (lists.numbers.size() != lists.values.size()) abort();
    if (lists.offsets.back() != static_cast<int64_t>(lists.values.size())) abort();
  } catch (const Error&) {
  }
  const Compression compression = kCompressions[size % std::size(kCompressions)];
  const std::string packed = compress(bytes, compression, "fuzz");
  const std::string same = decompress(std::as_bytes(std::span(packed)), compression, size, "fuzz");
  if (same != std::string_view(reinterpret_cast<const char*>(data), size)) abort();
  return 0;
}
