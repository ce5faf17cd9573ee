// Vectors of sixteen units: the compiler's own (GCC and Clang), lane-wise arithmetic, lowered to
// what the CPU has. A unit's result never depends on its neighbours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace actogram {

inline constexpr size_t kLanes = 16;  // one cache line of float32
inline constexpr size_t kHalf = kLanes / 2;

typedef float F16 __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t I16 __attribute__((vector_size(kLanes * sizeof(int32_t))));
typedef float F8 __attribute__((vector_size(kHalf * sizeof(float))));
typedef double D8 __attribute__((vector_size(kHalf * sizeof(double))));

template <typename V, typename T>
V load(const T* from) {
  V vector;
  std::memcpy(&vector, from, sizeof(vector));
  return vector;
}

template <typename V, typename From>
V bits_as(const From& from) {
  static_assert(sizeof(V) == sizeof(From));
  V to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

inline D8 widened(F8 v) {
#if defined(__AVX512F__) && !defined(__clang__)
  return __builtin_ia32_cvtps2pd512_mask(v, D8{}, -1, 4);  // GCC 12 takes four steps
#else
  return __builtin_convertvector(v, D8);
#endif
}

// All ones in the lanes that hold NaN or an infinity.
inline I16 not_finite(F16 v) { return (bits_as<I16>(v) & 0x7f800000) == 0x7f800000; }

}  // namespace actogram
