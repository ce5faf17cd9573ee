// The one product of matrices that encoding needs, of one shape.
//
// A product of OpenBLAS depends, in its last bits, on which of its kernels a number falls to, and
// that depends on the sizes, on the number of threads and on the place in the matrix. So every
// product here has the same shape, a multiple of what the kernels take at once in both directions,
// and runs on the calling thread; encoder.h pads with zeros and spreads tiles over threads. Where
// not even that helps, as with the kernels for AVX2, fused_gemm.h stands in. Then a number depends
// on its row, its latent and the width alone: encoder_test.cc checks it.
//
// 256 x 1024 keeps 93 % of the rate of one large product for a width of 4,096 (docs/decisions.md).
#pragma once

#include <cstddef>

namespace actogram {

inline constexpr size_t kTileRows = 256;
inline constexpr size_t kTileLatents = 1024;

// out[row, latent] = sum over i of rows[row, i] * latents[latent, i]. All three are contiguous:
// [kTileRows, width], [kTileLatents, width], [kTileRows, kTileLatents]. Any thread may call it.
void multiply_tile(const float* rows, const float* latents, size_t width, float* out);

}  // namespace actogram
