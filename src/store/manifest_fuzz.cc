// Any bytes are a manifest that is written and read back the same, or an Error.
#include <cstdint>
#include <cstdlib>

#include "actogram/error.h"
#include "store/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  try {
    const Manifest manifest =
        parse_manifest({reinterpret_cast<const char*>(data), size}, "manifest.json");
    const std::string text = to_text(manifest);
    if (to_text(parse_manifest(text, "written")) != text) abort();
  } catch (const Error&) {
  }
  return 0;
}
