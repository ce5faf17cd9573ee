// Any bytes are a GGUF header or an Error.
#include <cstdint>

#include "actogram/error.h"
#include "base/memory_file.h"
#include "model/gguf_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const testing::MemoryFile file(data, size);
  try {
    read_gguf_header(file.path());
  } catch (const Error&) {
  }
  return 0;
}
