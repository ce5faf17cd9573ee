// The digits of decimal numbers, eight bytes at a time, and the numbers that are read with them
// alone. Such a number costs some forty instructions and not one branch that its digits decide.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace actogram {

// Exact, as are whole numbers below 2^53: so one division of these rounds as the number itself.
inline constexpr double kTens[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

inline constexpr uint64_t kPowers[] = {1,       10,        100,        1'000,      10'000,
                                       100'000, 1'000'000, 10'000'000, 100'000'000};

// Eight characters, in the order of the machine; functions below want the first in the lowest byte.
// A digit has become its value, anything else more than 9.
struct EightBytes {
  static constexpr bool kInOrder = std::endian::native == std::endian::little;
  static constexpr uint64_t kEach = 0x0101010101010101;

  explicit EightBytes(const char* at) {
    std::memcpy(&bytes, at, sizeof(bytes));
    bytes ^= kEach * '0';
  }

  // The highest bit of each byte that is no digit, up to the first that is not ASCII.
  uint64_t others() const { return ((bytes + kEach * (0x80 - 10)) | bytes) & kEach * 0x80; }

  size_t n_digits() const {
    const uint64_t first = others();
    return first == 0 ? sizeof(bytes) : static_cast<size_t>(std::countr_zero(first)) / 8;
  }

  uint64_t bytes = 0;
};

// Eight digits, each its value; the last in the highest byte.
inline uint64_t value_of_digits(uint64_t bytes) {
  constexpr uint64_t kPairs = 0x000000ff000000ff;
  bytes = bytes * 10 + (bytes >> 8);
  return ((bytes & kPairs) * (100 + (uint64_t{1'000'000} << 32)) +
          ((bytes >> 16) & kPairs) * (1 + (uint64_t{10'000} << 32))) >>
         32;
}

// Of the first n digits.
inline uint64_t value_of_digits(const EightBytes& eight, size_t n) {
  return n == 0 ? 0 : value_of_digits(eight.bytes << (8 - n) * 8);
}

// Signs are as good as random, so no branch on them.
inline double with_sign(double magnitude, bool negative) {
  return std::bit_cast<double>(std::bit_cast<uint64_t>(magnitude) | uint64_t{negative} << 63);
}

// digits / 10^n_fraction; both are exact in a double, so one division rounds it.
struct Decimal {
  uint64_t digits = 0;  // below 10^15
  size_t n_fraction = 0;
  bool negative = false;

  double magnitude() const { return static_cast<double>(digits) / kTens[n_fraction]; }
  double value() const { return with_sign(magnitude(), negative); }
};

// An entry of a list like -0.1234: one digit, a point, one to five digits, and the comma or the
// bracket behind them. Nearly all activations are such. Requires: nine bytes are readable.
inline std::optional<Decimal> short_decimal(const char* at) {
  if constexpr (!EightBytes::kInOrder) return std::nullopt;
  const bool negative = *at == '-';
  at += negative;
  const EightBytes eight(at);
  const uint64_t others = eight.others();
  if ((others & 0x80) != 0 || at[1] != '.') return std::nullopt;
  const uint64_t behind = others & ~uint64_t{0x8000};  // the point
  if (behind == 0) return std::nullopt;
  const size_t end = static_cast<size_t>(std::countr_zero(behind)) / 8;
  if (end == 2 || (at[end] != ',' && at[end] != ']')) return std::nullopt;
  const uint64_t without_point = (eight.bytes & ~uint64_t{0xffff}) | (eight.bytes & 0xff) << 8;
  return Decimal{value_of_digits(without_point << (8 - end) * 8), end - 2, negative};
}

// The same with up to 14 digits behind the point. Requires: 20 bytes are readable.
inline std::optional<Decimal> long_decimal(const char* at) {
  if constexpr (!EightBytes::kInOrder) return std::nullopt;
  const bool negative = *at == '-';
  at += negative;
  if (*at < '0' || *at > '9' || at[1] != '.') return std::nullopt;
  const auto whole = static_cast<uint64_t>(*at - '0');
  at += 2;
  const EightBytes first(at);
  const EightBytes second(at + 8);
  const size_t n_first = first.n_digits();
  const size_t n_second = n_first == 8 ? second.n_digits() : 0;
  const size_t n = n_first + n_second;
  if (n == 0 || n > 14 || (at[n] != ',' && at[n] != ']')) return std::nullopt;
  const uint64_t digits = whole * kPowers[n_first] + value_of_digits(first, n_first);
  return Decimal{digits * kPowers[n_second] + value_of_digits(second, n_second), n, negative};
}

}  // namespace actogram
