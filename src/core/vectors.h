// Rows of float32, as they are added and multiplied where speed counts more than the last bit.
//
// A sum of products runs in sixteen lanes that are added in one order at the end: compilers turn it
// into vector instructions of any width, and every width gives the same bits.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace actogram {

inline constexpr size_t kVectorLanes = 16;

inline float dot(std::span<const float> a, std::span<const float> b) {
  std::array<float, kVectorLanes> lanes = {};
  const size_t n = a.size(), whole = n - n % kVectorLanes;
  for (size_t i = 0; i < whole; i += kVectorLanes) {
    for (size_t j = 0; j < kVectorLanes; ++j) lanes[j] += a[i + j] * b[i + j];
  }
  for (size_t i = whole; i < n; ++i) lanes[i - whole] += a[i] * b[i];
  for (size_t half = kVectorLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

// to += factor * row
inline void add_scaled(std::span<float> to, float factor, std::span<const float> row) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += factor * row[i];
}

// The sum of squares, in double: of what is reported, and of what must not overflow.
inline double squared_length(std::span<const float> row) {
  double sum = 0;
  for (const double x : row) sum += x * x;
  return sum;
}

}  // namespace actogram
