// Runs cover any bytes exactly once, alternate, and agree with the count and the first one.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  size_t at = 0;
  size_t n_invalid = 0;
  for (Utf8Run run = next_run(text, 0); run.begin < run.end; run = next_run(text, run.end)) {
    const bool alternates =
        next_run(text, run.end).begin == size || next_run(text, run.end).valid != run.valid;
    if (run.begin != at || !alternates || character_start(text, run.begin) != run.begin) abort();
    if (is_utf8(text.substr(run.begin, run.end - run.begin)) != run.valid) abort();
    if (!run.valid) n_invalid += run.end - run.begin;
    at = run.end;
  }
  if (at != size || n_invalid != count_invalid_bytes(text)) abort();
  if (is_utf8(text) != (n_invalid == 0)) abort();
  if (is_utf8(text) != (first_invalid_byte(text) == size)) abort();
  if (!is_utf8(printable(text))) abort();
  return 0;
}
