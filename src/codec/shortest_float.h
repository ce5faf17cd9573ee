// Whether a decimal number is the shortest text of a float32, told from its digits, without writing
// the float32 and reading that.
//
// The shortest text has the fewest digits of all decimals that round to the float, and of these it
// is the nearest. Decimals of one digit less are ten units of the last digit apart: if both that
// stand about the number lie beyond half the distance to the next float, none rounds to it.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "codec/decimal_digits.h"

namespace actogram {

// Of a number without its sign. True where it is sure; false is no answer. Bounds are a millionth
// on the safe side: what is compared is right to 2^-28.
inline bool surely_shortest_float(const Decimal& decimal) {
  constexpr double kMore = 1 + 1e-6;
  const double value = decimal.magnitude();
  if (decimal.digits > 999'999'999 || decimal.n_fraction == 0) return false;
  // All in units of the last digit.
  const double unit = kTens[decimal.n_fraction];
  const auto nearest = static_cast<float>(value);
  const float next = std::bit_cast<float>(std::bit_cast<uint32_t>(nearest) + 1);
  const double at = double{nearest} * unit;
  const double half = (double{next} * unit - at) / 2 * kMore;
  const auto shorter = static_cast<double>(decimal.digits - decimal.digits % 10);
  return (std::abs(at - static_cast<double>(decimal.digits)) * kMore < 0.5) &
         (at - shorter > half) & (shorter + 10 - at > half);
}

}  // namespace actogram
