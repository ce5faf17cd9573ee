// Any bytes are a state dict or an Error, and nothing is run.
#include <cstdint>

#include "actogram/error.h"
#include "codec/torch_file.h"
#include "codec/zip_archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const auto file = std::as_bytes(std::span(data, size));
  try {
    const std::vector<std::byte> storage(64);
    const FindStorage find_storage = [&](const std::string&) { return TensorBytes{storage}; };
    const StateDict found = ZipArchive::looks_like(file)
                                ? read_torch_file(file, "fuzz")
                                : read_torch_pickle(file, find_storage, "fuzz");
    for (const auto& [name, tensor] : found.tensors) to_floats(tensor);
  } catch (const Error&) {
  }
  return 0;
}
