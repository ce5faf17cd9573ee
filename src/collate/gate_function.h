// The function that an MLP applies to its gate, sixteen lanes at a time.
//
// Only additions, multiplications and divisions of float32, so every CPU gives the same bits. The
// exponential is Cephes' expf (range reduction by ln 2 in two parts, a polynomial of degree 5);
// silu is within 4e-7 relative of the exact function (below -87 within 1e-36, where the exponential
// saturates), gelu within 1e-6 of its magnitude at 1.
#pragma once

#include <cstdint>

#include "actogram/types.h"
#include "collate/lanes.h"

namespace actogram {

inline F16 exp_of(F16 x) {
  constexpr float kHighest = 88, kLowest = -87;
  x = choose(x > kHighest, all_lanes<F16>(kHighest), x);
  x = choose(x < kLowest, all_lanes<F16>(kLowest), x);
  constexpr float kToInteger = 12582912;  // 1.5 * 2^23: what is added and taken away is rounded
  const F16 n = (x * 1.44269504f + kToInteger) - kToInteger;
  const F16 r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  F16 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const F16 y = (p * r * r + r) + 1.0f;
  const I16 exponent = (converted<I16>(n) + 127) << 23;
  return y * bits_as<F16>(exponent);
}

// Far below, where the exponential saturates, the quotient must not grow again.
inline F16 numerator(const F16& x) { return choose(x < -88.0f, all_lanes<F16>(-88), x); }

inline F16 silu(const F16& x) { return numerator(x) / (1.0f + exp_of(-x)); }

// The tanh form, as Gemma is trained with: x * sigmoid(2 u).
inline F16 gelu_tanh(const F16& x) {
  const F16 u = 0.79788456f * (x + 0.044715f * x * x * x);
  return numerator(x) / (1.0f + exp_of(-2.0f * u));
}

inline F16 gate_function(GateFunction function, const F16& gate) {
  return function == GateFunction::silu ? silu(gate) : gelu_tanh(gate);
}

}  // namespace actogram
