#include "base/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#define XXH_STATIC_LINKING_ONLY  // the state's size, so that it can be a member
#include <xxhash.h>

#include <fstream>

#include "base/file.h"

namespace actogram {

Hash128 hash128(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

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

namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }

  void update(std::string_view bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }

  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    check(EVP_DigestFinal_ex(context_.get(), digest, &n) == 1);
    std::string hex;
    for (unsigned int i = 0; i < n; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
  }

 private:
  static void check(bool done) {
    if (!done) fail(Code::environment, "SHA-256 is not available in this build of OpenSSL");
  }

  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

std::string sha256_of(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

// In parts: all of a mapped file would count as the process's memory.
std::string sha256_of_file(const std::string& path) {
  constexpr size_t kPartBytes = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(Code::not_found, "{}: cannot open", path);
  Sha256 hash;
  std::string part(kPartBytes, '\0');
  while (file.read(part.data(), kPartBytes), file.gcount() > 0) {
    hash.update(std::string_view(part).substr(0, static_cast<size_t>(file.gcount())));
  }
  if (file.bad()) fail(Code::environment, "{}: cannot be read", path);
  return hash.hex();
}

}  // namespace actogram
