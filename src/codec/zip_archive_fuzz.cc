// Any bytes are an archive whose entries can be read, or an Error.
#include <cstdint>

#include "actogram/error.h"
#include "codec/zip_archive.h"

namespace {

constexpr uint64_t kMaxInflated = 1 << 20;  // a bomb within the limit is slow, and not wrong

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const auto file = std::as_bytes(std::span(data, size));
  try {
    const ZipArchive archive(file, "fuzz");
    for (const auto& [name, entry] : archive.entries()) {
      if (entry.n_bytes <= kMaxInflated) archive.read(name);
    }
  } catch (const Error&) {
  }
  return 0;
}
