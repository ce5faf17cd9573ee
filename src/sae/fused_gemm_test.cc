// Bit by bit against the sum that fused_gemm.h speaks of, in the order that it gives.
#include "sae/fused_gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "sae/gemm.h"

namespace actogram {
namespace {

TEST(FusedGemm, AddsFromTheFirstToTheLastWithOneRoundingAStep) {
  if (!has_fused_gemm()) GTEST_SKIP() << "no AVX2 and FMA here: nothing calls it either";
  std::mt19937 rng(1);
  std::normal_distribution<float> normal;
  for (const size_t width : {1, 7, 383, 384, 385, 1000}) {
    std::vector<float> rows(kTileRows * width), latents(kTileLatents * width);
    for (float& value : rows) value = normal(rng);
    for (float& value : latents) value = normal(rng);
    std::vector<float> out(kTileRows * kTileLatents, NAN);
    multiply_tile_fused(rows.data(), latents.data(), width, out.data());
    for (size_t row = 0; row < kTileRows; ++row) {
      for (size_t latent = row % 7; latent < kTileLatents; latent += 7) {
        float sum = 0;
        for (size_t i = 0; i < width; ++i) {
          sum = std::fma(rows[row * width + i], latents[latent * width + i], sum);
        }
        ASSERT_EQ(out[row * kTileLatents + latent], sum) << width << " " << row << " " << latent;
      }
    }
  }
}

}  // namespace
}  // namespace actogram
