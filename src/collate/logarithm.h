// The natural logarithm, sixteen lanes at a time.
//
// Only additions and multiplications of float32, so every CPU gives the same bits: Cephes' logf,
// within 1e-7 relative (near 1, of the distance to 1) for normal positive numbers. Of anything else
// the result is some number.
#pragma once

#include "collate/lanes.h"

namespace actogram {

inline F16 log_of(const F16& x) {
  const I16 bits = bits_as<I16>(x);
  const I16 exponent = ((bits >> 23) & 0xff) - 126;
  const F16 mantissa = bits_as<F16>((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  const I16 small = mantissa < 0.707106781F;
  const F16 m = choose(small, mantissa + mantissa, mantissa) - 1.0F;
  const F16 e = converted<F16>(choose(small, exponent - 1, exponent));
  const F16 z = m * m;
  F16 p = m * 7.0376836292e-2F - 1.1514610310e-1F;
  p = p * m + 1.1676998740e-1F;
  p = p * m - 1.2420140846e-1F;
  p = p * m + 1.4249322787e-1F;
  p = p * m - 1.6668057665e-1F;
  p = p * m + 2.0000714765e-1F;
  p = p * m - 2.4999993993e-1F;
  p = p * m + 3.3333331174e-1F;
  const F16 y = p * m * z - 2.12194440e-4F * e - 0.5F * z;
  return (m + y) + 0.693359375F * e;
}

}  // namespace actogram
