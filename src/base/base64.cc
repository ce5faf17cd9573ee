#include "base/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace actogram {

char* write_base64(std::span<const std::byte> bytes, char* to) {
  constexpr size_t kAtOnce = size_t{3} << 20;  // whole threes, so only the end is padded
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kAtOnce));
    to += EVP_EncodeBlock(reinterpret_cast<unsigned char*>(to),
                          reinterpret_cast<const unsigned char*>(part.data()),
                          static_cast<int>(part.size()));
    bytes = bytes.subspan(part.size());
  }
  return to;
}

}  // namespace actogram
