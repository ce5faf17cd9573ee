// Vectors of sixteen units: lane-wise arithmetic in as many of the CPU's registers as they take. A
// unit's result depends neither on its neighbours nor on how many registers there are.
//
// What fits into a register is the compiler's own vector (GCC and Clang); what is wider is a Pair
// of halves, since GCC 12 does a vector that no register holds one lane after another. Both have
// the same operators, and these functions for what they do not share: choose() for `?:`, get_lane()
// and set_lane() for `[]`, all_lanes() for a value in each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace actogram {

inline constexpr size_t kLanes = 16;  // one cache line of float32
inline constexpr size_t kHalf = kLanes / 2;

#if defined(__AVX512F__)
inline constexpr size_t kRegisterBytes = 64;
#elif defined(__AVX2__)
inline constexpr size_t kRegisterBytes = 32;
#else
inline constexpr size_t kRegisterBytes = 16;
#endif

template <typename Half>
struct Pair;

template <typename V>
inline constexpr bool kIsPair = false;
template <typename Half>
inline constexpr bool kIsPair<Pair<Half>> = true;

template <typename V>
struct ScalarType {
  using Type = std::remove_cvref_t<decltype(std::declval<V>()[0])>;
};
template <typename Half>
struct ScalarType<Pair<Half>> : ScalarType<Half> {};
template <typename V>
using Scalar = typename ScalarType<V>::Type;

template <typename V>
V all_lanes(Scalar<V> value) {
  return value - V{};  // and not +, which would change -0
}

template <typename Half>
struct Pair {
  Half low, high;

  Pair() = default;
  Pair(const Half& lower, const Half& higher) : low(lower), high(higher) {}
  Pair(Scalar<Half> value)  // NOLINT(google-explicit-constructor): as the compiler's vectors do it
      : low(all_lanes<Half>(value)), high(low) {}

  friend Pair operator-(const Pair& a) { return {-a.low, -a.high}; }
  friend Pair operator+(const Pair& a, const Pair& b) { return {a.low + b.low, a.high + b.high}; }
  friend Pair operator-(const Pair& a, const Pair& b) { return {a.low - b.low, a.high - b.high}; }
  friend Pair operator*(const Pair& a, const Pair& b) { return {a.low * b.low, a.high * b.high}; }
  friend Pair operator/(const Pair& a, const Pair& b) { return {a.low / b.low, a.high / b.high}; }
  friend Pair operator&(const Pair& a, const Pair& b) { return {a.low & b.low, a.high & b.high}; }
  friend Pair operator|(const Pair& a, const Pair& b) { return {a.low | b.low, a.high | b.high}; }
  friend Pair operator<<(const Pair& a, int by) { return {a.low << by, a.high << by}; }
  friend Pair operator>>(const Pair& a, int by) { return {a.low >> by, a.high >> by}; }
  friend auto operator==(const Pair& a, const Pair& b) {
    return Pair<decltype(a.low == b.low)>(a.low == b.low, a.high == b.high);
  }
  friend auto operator<(const Pair& a, const Pair& b) {
    return Pair<decltype(a.low < b.low)>(a.low < b.low, a.high < b.high);
  }
  friend auto operator>(const Pair& a, const Pair& b) { return b < a; }
  friend auto operator<=(const Pair& a, const Pair& b) {
    return Pair<decltype(a.low <= b.low)>(a.low <= b.low, a.high <= b.high);
  }
  friend auto operator>=(const Pair& a, const Pair& b) { return b <= a; }

  Pair& operator+=(const Pair& other) { return *this = *this + other; }
  Pair& operator-=(const Pair& other) { return *this = *this - other; }
  Pair& operator|=(const Pair& other) { return *this = *this | other; }
};

template <typename T, size_t kN>
struct VectorType {
  using Type = Pair<typename VectorType<T, kN / 2>::Type>;
};
template <typename T, size_t kN>
  requires(kN * sizeof(T) <= kRegisterBytes)
struct VectorType<T, kN> {
  typedef T Type __attribute__((vector_size(kN * sizeof(T))));
};

using F16 = VectorType<float, kLanes>::Type;
using I16 = VectorType<int32_t, kLanes>::Type;
using F8 = VectorType<float, kHalf>::Type;
using D8 = VectorType<double, kHalf>::Type;
using L8 = decltype(D8() < D8());  // of 64-bit integers, long in GCC and long long in Clang

// Register by register: GCC 12 copies a Pair in smaller pieces, whose end the next load waits for.
template <typename V>
V load(const void* from) {
  if constexpr (kIsPair<V>) {
    using Half = decltype(V::low);
    return {load<Half>(from), load<Half>(static_cast<const char*>(from) + sizeof(Half))};
  } else {
    V vector;
    std::memcpy(&vector, from, sizeof(vector));
    return vector;
  }
}
template <typename V>
void store(const V& v, void* to) {
  if constexpr (kIsPair<V>) {
    store(v.low, to);
    store(v.high, static_cast<char*>(to) + sizeof(v.low));
  } else {
    std::memcpy(to, &v, sizeof(v));
  }
}

template <typename To, typename From>
To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  if constexpr (kIsPair<To>) {
    using Half = decltype(To::low);
    return {bits_as<Half>(from.low), bits_as<Half>(from.high)};
  } else {
    To to;
    std::memcpy(&to, &from, sizeof(to));
    return to;
  }
}

template <typename V>
Scalar<V> get_lane(const V& v, size_t i) {
  Scalar<V> value;
  std::memcpy(&value, reinterpret_cast<const char*>(&v) + i * sizeof(value), sizeof(value));
  return value;
}
template <typename V>
void set_lane(V& v, size_t i, Scalar<V> value) {
  std::memcpy(reinterpret_cast<char*>(&v) + i * sizeof(value), &value, sizeof(value));
}

// `a` in the lanes where the mask is all ones, `b` where it is 0.
template <typename Mask, typename V>
V choose(const Mask& mask, const V& a, const V& b) {
  if constexpr (kIsPair<V>) {
    return {choose(mask.low, a.low, b.low), choose(mask.high, a.high, b.high)};
  } else {
#if defined(__AVX2__) && !defined(__AVX512F__)
    // One instruction; of `?:`, GCC 12 makes one more, to find the lanes that are not 0.
    if constexpr (sizeof(V) == 32 && sizeof(Scalar<V>) == 4) {
      typedef float F __attribute__((vector_size(32)));
      return bits_as<V>(__builtin_ia32_blendvps256(bits_as<F>(b), bits_as<F>(a), bits_as<F>(mask)));
    } else if constexpr (sizeof(V) == 32) {
      typedef double D __attribute__((vector_size(32)));
      return bits_as<V>(__builtin_ia32_blendvpd256(bits_as<D>(b), bits_as<D>(a), bits_as<D>(mask)));
    }
#endif
    return mask ? a : b;
  }
}

template <typename V>
V larger(const V& a, const V& b) {
  if constexpr (kIsPair<V>) {
    return {larger(a.low, b.low), larger(a.high, b.high)};
  } else {
    return a > b ? a : b;
  }
}
template <typename V>
V smaller(const V& a, const V& b) {
  if constexpr (kIsPair<V>) {
    return {smaller(a.low, b.low), smaller(a.high, b.high)};
  } else {
    return a < b ? a : b;
  }
}

// To the other kind of numbers of the same size.
template <typename To, typename From>
To converted(const From& v) {
  if constexpr (kIsPair<From>) {
    using Half = decltype(To::low);
    return {converted<Half>(v.low), converted<Half>(v.high)};
  } else {
    return __builtin_convertvector(v, To);
  }
}

template <typename V>
auto half(const V& v, size_t which) {
  if constexpr (kIsPair<V>) {
    return which == 0 ? v.low : v.high;
  } else if constexpr (sizeof(V) / sizeof(Scalar<V>) == kLanes) {  // in registers
    return which == 0 ? __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
                      : __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  } else {
    typedef Scalar<V> Half __attribute__((vector_size(sizeof(V) / 2)));
    return load<Half>(reinterpret_cast<const char*>(&v) + which * sizeof(Half));
  }
}

inline D8 widened(const F8& v) {
#if defined(__AVX512F__) && !defined(__clang__)
  return __builtin_ia32_cvtps2pd512_mask(v, D8{}, -1, 4);  // GCC 12 takes four steps
#elif defined(__AVX2__) && !defined(__AVX512F__)
  using D4 = decltype(D8::low);
  return {__builtin_convertvector(half(v, 0), D4), __builtin_convertvector(half(v, 1), D4)};
#elif defined(__AVX512F__)
  return __builtin_convertvector(v, D8);
#else
  double wide[kHalf];
  for (size_t i = 0; i < kHalf; ++i) wide[i] = double{get_lane(v, i)};
  return load<D8>(wide);
#endif
}

// A bit for each lane of the mask.
template <typename Mask>
uint32_t bits_of(const Mask& mask) {
  if constexpr (kIsPair<Mask>) {
    constexpr size_t kHalfLanes = sizeof(mask.low) / sizeof(Scalar<Mask>);
    return bits_of(mask.low) | bits_of(mask.high) << kHalfLanes;
  } else {
#if defined(__AVX2__) && !defined(__AVX512F__)
    if constexpr (sizeof(Mask) == 32 && sizeof(Scalar<Mask>) == 4) {
      typedef float F __attribute__((vector_size(32)));
      return static_cast<uint32_t>(__builtin_ia32_movmskps256(bits_as<F>(mask)));
    } else if constexpr (sizeof(Mask) == 32) {
      typedef double D __attribute__((vector_size(32)));
      return static_cast<uint32_t>(__builtin_ia32_movmskpd256(bits_as<D>(mask)));
    }
#endif
    uint32_t bits = 0;
    for (size_t i = 0; i < sizeof(mask) / sizeof(Scalar<Mask>); ++i)
      bits |= static_cast<uint32_t>(mask[i]) & (1U << i);
    return bits;
  }
}

template <typename Mask>
bool all_set(const Mask& mask) {
  if constexpr (kIsPair<Mask>) {
    return all_set(mask.low & mask.high);
  } else {
    Scalar<Mask> bits = -1;
    for (size_t i = 0; i < sizeof(mask) / sizeof(bits); ++i) bits &= mask[i];
    return bits != 0;
  }
}

// All ones in the lanes that hold NaN or an infinity.
inline I16 not_finite(const F16& v) { return (bits_as<I16>(v) & 0x7f800000) == 0x7f800000; }

// The number of each lane.
inline I16 lane_numbers() {
  constexpr int32_t kNumbers[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load<I16>(kNumbers);
}

}  // namespace actogram
