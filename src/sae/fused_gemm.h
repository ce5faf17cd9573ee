// multiply_tile() in AVX2 and FMA, each number added up from its row's first value to its last with
// one rounding a step: it depends on its row and its latent alone, wherever they lie.
//
// 85 % of the rate of OpenBLAS' kernels for such CPUs (docs/decisions.md).
#pragma once

#include <cstddef>

namespace actogram {

bool has_fused_gemm();  // whether this CPU can

// As multiply_tile(). Requires: has_fused_gemm().
void multiply_tile_fused(const float* rows, const float* latents, size_t width, float* out);

}  // namespace actogram
