#include "base/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace actogram {

void append_base64(std::span<const std::byte> bytes, std::string& to) {
  constexpr size_t kAtOnce = size_t{3} << 10;  // whole threes, so only the end is padded
  unsigned char text[kAtOnce / 3 * 4 + 1];     // the library ends it with a 0
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kAtOnce));
    const int n = EVP_EncodeBlock(text, reinterpret_cast<const unsigned char*>(part.data()),
                                  static_cast<int>(part.size()));
    to.append(reinterpret_cast<const char*>(text), static_cast<size_t>(n));
    bytes = bytes.subspan(part.size());
  }
}

}  // namespace actogram
