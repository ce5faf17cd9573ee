// Asks the CPU for memory that is used soon, where it would be waited for: line by line, beginning
// with the one that `values` begins in. Only a hint; what it costs and gains is measured.
#pragma once

#include <cstddef>
#include <span>

namespace actogram {

inline constexpr size_t kCacheLine = 64;  // bytes

template <typename Values>  // contiguous
void prefetch_to_read(const Values& values) {
  const auto bytes = std::as_bytes(std::span(values));
  for (size_t i = 0; i < bytes.size(); i += kCacheLine) __builtin_prefetch(&bytes[i], 0, 3);
}

// Into the second-level cache: the first is too small for what is asked for at once.
template <typename Values>
void prefetch_to_write(const Values& values) {
  const auto bytes = std::as_bytes(std::span(values));
  for (size_t i = 0; i < bytes.size(); i += kCacheLine) __builtin_prefetch(&bytes[i], 1, 2);
}

}  // namespace actogram
