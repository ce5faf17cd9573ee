#include "core/exact_sum.h"

#include <bit>
#include <cassert>
#include <cmath>

namespace actogram {
namespace {

__extension__ typedef unsigned __int128 uint128;
using Limbs = std::array<uint64_t, ExactSum::kLimbs>;

// limbs[from..] += addend, modulo the width of the whole.
void add_at(Limbs& limbs, size_t from, uint128 addend) {
  uint128 carry = addend;
  for (size_t i = from; i < limbs.size() && carry != 0; ++i) {
    const uint128 sum = static_cast<uint128>(limbs[i]) + static_cast<uint64_t>(carry);
    limbs[i] = static_cast<uint64_t>(sum);
    carry = (carry >> 64) + (sum >> 64);
  }
}

void subtract_at(Limbs& limbs, size_t from, uint128 subtrahend) {
  uint128 borrow = subtrahend;
  for (size_t i = from; i < limbs.size() && borrow != 0; ++i) {
    const auto part = static_cast<uint64_t>(borrow);
    borrow = (borrow >> 64) + (limbs[i] < part ? 1 : 0);
    limbs[i] -= part;
  }
}

}  // namespace

void ExactSum::add(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const int exponent = static_cast<int>((bits >> 52) & 0x7ff);
  if (exponent == 0) return;  // zero, or a subnormal far below the lowest bit
  uint64_t mantissa = (bits & 0xfffffffffffffu) | (uint64_t{1} << 52);
  int shift = exponent - 1075 - kLowestBit;
  if (shift <= -53) return;
  if (shift < 0) {
    mantissa >>= -shift;
    shift = 0;
  }
  const auto limb = static_cast<size_t>(shift / 64);
  assert(limb < limbs_.size());
  const auto wide = static_cast<uint128>(mantissa) << (shift % 64);
  if (bits >> 63) {
    subtract_at(limbs_, limb, wide);
  } else {
    add_at(limbs_, limb, wide);
  }
}

void ExactSum::merge(const ExactSum& other) {
  unsigned char carry = 0;
  for (size_t i = 0; i < limbs_.size(); ++i) {
    const auto sum = static_cast<uint128>(limbs_[i]) + other.limbs_[i] + carry;
    limbs_[i] = static_cast<uint64_t>(sum);
    carry = static_cast<unsigned char>(sum >> 64);
  }
}

void ExactSum::negate() {
  unsigned char carry = 1;
  for (uint64_t& limb : limbs_) {
    limb = ~limb + carry;
    carry = carry != 0 && limb == 0;
  }
}

double ExactSum::value() const {
  const bool negative = (limbs_.back() >> 63) != 0;
  ExactSum absolute = *this;
  if (negative) absolute.negate();
  const Limbs& magnitude = absolute.limbs_;
  size_t top = magnitude.size();
  while (top > 0 && magnitude[top - 1] == 0) --top;
  if (top == 0) return 0;
  // The top limb alone may hold one bit; with the next one there are at least 65.
  double result = std::ldexp(static_cast<double>(magnitude[top - 1]),
                             static_cast<int>(top - 1) * 64 + kLowestBit);
  if (top > 1) {
    const auto both = (static_cast<uint128>(magnitude[top - 1]) << 64) | magnitude[top - 2];
    result = std::ldexp(static_cast<double>(both), static_cast<int>(top - 2) * 64 + kLowestBit);
  }
  return negative ? -result : result;
}

}  // namespace actogram
