// Any bytes are rows or an Error; a repaired line is UTF-8 whose markers give its bytes back.
#include <cstdint>
#include <cstdlib>
#include <sstream>

#include "actogram/error.h"
#include "codec/jsonl.h"
#include "codec/jsonl_repair.h"
#include "codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    JsonlReader rows(std::make_unique<std::istringstream>(bytes), "fuzz", {.id = "id"});
    while (rows.next()) {
    }
  } catch (const Error&) {
  }
  try {
    const RepairedLine repaired = mark_bad_bytes(bytes, "fuzz");
    if (!is_utf8(repaired.text)) abort();
    // Without escapes the line itself comes back.
    if (bytes.find('\\') == bytes.npos && restore_bytes(repaired.text, repaired.marker) != bytes) {
      abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
