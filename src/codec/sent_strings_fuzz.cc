// Any bytes are strings of the names that are asked for, or Error{invalid}.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "actogram/error.h"
#include "codec/sent_strings.h"
#include "codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  constexpr std::array<std::string_view, 2> kNames = {"label", "note"};
  try {
    for (const auto& [name, text] :
         parse_sent_strings({reinterpret_cast<const char*>(data), size}, kNames)) {
      if ((name != kNames[0] && name != kNames[1]) || !is_utf8(text)) abort();
    }
  } catch (const Error& error) {
    if (error.code() != Code::invalid) abort();
  }
  return 0;
}
