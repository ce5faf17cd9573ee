// Any bytes are tensors or an Error.
#include <cstdint>

#include "actogram/error.h"
#include "codec/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const auto file = std::as_bytes(std::span(data, size));
  try {
    safetensors_metadata(file, "fuzz");
    for (const auto& [name, tensor] : read_safetensors(file, "fuzz")) to_floats(tensor);
  } catch (const Error&) {
  }
  return 0;
}
