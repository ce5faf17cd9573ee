// Any bytes are an array, an archive of arrays, or an Error.
#include <cstdint>

#include "actogram/error.h"
#include "codec/npy.h"
#include "codec/zip_archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const auto file = std::as_bytes(std::span(data, size));
  try {
    if (!ZipArchive::looks_like(file)) to_floats(read_npy({file}, "fuzz"));
    for (const auto& [name, tensor] : read_npz(file, "fuzz")) to_floats(tensor);
  } catch (const Error&) {
  }
  return 0;
}
