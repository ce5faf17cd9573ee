// Any bytes are rows or an Error.
#include <cstdint>
#include <span>

#include "actogram/error.h"
#include "codec/arrow_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  constexpr int kMaxRows = 10'000;  // a small file may claim billions of nulls
  try {
    ArrowTextReader rows(std::as_bytes(std::span(data, size)), "fuzz", {});
    for (int i = 0; i < kMaxRows && rows.next(); ++i) {
    }
  } catch (const Error&) {
  }
  return 0;
}
