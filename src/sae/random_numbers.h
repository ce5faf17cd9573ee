// Random numbers that are functions of a seed and a counter: no state to keep in a checkpoint, the
// same on every machine.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace actogram {

class RandomNumbers {
 public:
  // Streams of one seed are independent.
  RandomNumbers(uint64_t seed, uint64_t stream) : key_(mix64(mix64(seed) ^ stream)) {}

  uint64_t bits() { return mix64(key_ + 0x9e3779b97f4a7c15u * counter_++); }

  // Below `n`, which is not 0. Uniform but for 2^-32 where n is below 2^32.
  uint64_t below(uint64_t n) { return bits() % n; }

  // Of mean 0 and variance 1, nearly normal: the sum of twelve uniform numbers, which needs no
  // function of a library that rounds otherwise elsewhere.
  float normal() {
    int64_t sum = 0;
    for (int i = 0; i < 3; ++i) {
      const uint64_t word = bits();
      for (int shift = 0; shift < 64; shift += 16) sum += (word >> shift) & 0xffff;
    }
    constexpr int64_t kMean = int64_t{6} * 0x10000;
    return static_cast<float>(sum - kMean) / 0x10000;
  }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

// The numbers below `n` in a random order (Fisher and Yates).
inline std::vector<uint32_t> shuffled(uint32_t n, RandomNumbers random) {
  std::vector<uint32_t> order(n);
  for (uint32_t i = 0; i < n; ++i) order[i] = i;
  for (uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace actogram
