// Hashes: XXH3-128 for checksums of our own files (fast, finds damage), SHA-256 for provenance
// (what others publish beside a model file), and a mixer for sampling keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace actogram {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits whose output bits
// each depend on every input bit. The oracles repeat it in Python, so it never changes.
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// FNV-1a, 64 bits: names to numbers where the definition must be two lines in any language.
constexpr uint64_t fnv1a64(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// XXH3-128: tells apart whatever was not made to be mistaken.
struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;

  bool operator==(const Hash128&) const = default;
};
Hash128 hash128(std::span<const std::byte> bytes);

// XXH3-128 of a stream of bytes, as 32 hexadecimal digits.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;

  void update(std::span<const std::byte> bytes);
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string checksum_of_file(const std::string& path);
std::string sha256_of_file(const std::string& path);
std::string sha256_of(std::string_view bytes);

}  // namespace actogram
