#include "base/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#define XXH_STATIC_LINKING_ONLY  // the state's size, so that it can be a member
#include <xxhash.h>

#include "base/file.h"

namespace actogram {

struct Checksum::State {
  State() { XXH3_128bits_reset(&xxh); }
  alignas(64) XXH3_state_t xxh;  // the library asks for this alignment
};

Checksum::Checksum() : state_(std::make_unique<State>()) {}
Checksum::~Checksum() = default;
Checksum::Checksum(Checksum&&) noexcept = default;
Checksum& Checksum::operator=(Checksum&&) noexcept = default;

void Checksum::update(std::span<const std::byte> bytes) {
  XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}

std::string Checksum::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string checksum_of_file(const std::string& path) {
  const MappedFile file(path);
  Checksum checksum;
  checksum.update(file.bytes());
  return checksum.hex();
}

std::string sha256_of(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &n, EVP_sha256(), nullptr) != 1) {
    fail(Code::environment, "SHA-256 is not available in this build of OpenSSL");
  }
  std::string hex;
  for (unsigned int i = 0; i < n; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string sha256_of_file(const std::string& path) { return sha256_of(MappedFile(path).text()); }

}  // namespace actogram
