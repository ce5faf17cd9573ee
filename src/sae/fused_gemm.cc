#include "sae/fused_gemm.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "sae/gemm.h"

namespace actogram {

#if defined(__x86_64__)

namespace {

// A block of the width, so that a panel of latents stays in the first-level cache and the rows in
// the second-level one.
constexpr size_t kBlock = 384;
constexpr size_t kPanel = 16;  // latents side by side: two registers
constexpr size_t kGroup = 6;  // rows that share what is loaded: twelve sums and four registers more
static_assert(kTileLatents % kPanel == 0);

// So that the functions can be compiled, and called where the CPU has them, without -march.
#define ACTOGRAM_FUSED __attribute__((target("avx2,fma")))

typedef float Eight __attribute__((vector_size(32)));
typedef float EightAnywhere __attribute__((vector_size(32), aligned(4), may_alias));

ACTOGRAM_FUSED inline Eight load(const float* from) {
  return *reinterpret_cast<const EightAnywhere*>(from);
}
ACTOGRAM_FUSED inline void store(Eight values, float* to) {
  *reinterpret_cast<EightAnywhere*>(to) = values;
}

// Adds the products of kRows rows, [row, n], with a panel, [n, kPanel], to `out`, of which a row is
// kTileLatents long.
template <size_t kRows>
ACTOGRAM_FUSED void add_panel(const float* rows, const float* panel, size_t n, float* out) {
  Eight sums[kRows][2];
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t h = 0; h < 2; ++h) sums[r][h] = load(out + r * kTileLatents + h * 8);
  }
  for (size_t i = 0; i < n; ++i) {
    const Eight low = load(panel + i * kPanel), high = load(panel + i * kPanel + 8);
#pragma GCC unroll 6
    for (size_t r = 0; r < kRows; ++r) {
      const Eight value = rows[r * n + i] - Eight{};
      sums[r][0] = __builtin_ia32_vfmaddps256(value, low, sums[r][0]);
      sums[r][1] = __builtin_ia32_vfmaddps256(value, high, sums[r][1]);
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t h = 0; h < 2; ++h) store(sums[r][h], out + r * kTileLatents + h * 8);
  }
}

// Eight values of each latent at a time, so that what is written is still in the cache.
void turn_panel(const float* latents, size_t width, size_t n, float* panel) {
  constexpr size_t kAtOnce = 8;
  for (size_t begin = 0; begin < n; begin += kAtOnce) {
    const size_t end = std::min(n, begin + kAtOnce);
    for (size_t j = 0; j < kPanel; ++j) {
      for (size_t i = begin; i < end; ++i) panel[i * kPanel + j] = latents[j * width + i];
    }
  }
}

}  // namespace

bool has_fused_gemm() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

void multiply_tile_fused(const float* rows, const float* latents, size_t width, float* out) {
  thread_local std::vector<float> panel(kPanel * kBlock), block(kTileRows * kBlock);
  std::fill_n(out, kTileRows * kTileLatents, 0.0F);
  for (size_t first = 0; first < width; first += kBlock) {
    const size_t n = std::min(kBlock, width - first);
    for (size_t row = 0; row < kTileRows; ++row) {
      std::copy_n(rows + row * width + first, n, &block[row * n]);
    }
    for (size_t latent = 0; latent < kTileLatents; latent += kPanel) {
      turn_panel(latents + latent * width + first, width, n, panel.data());
      constexpr size_t kRest = kTileRows % kGroup, kWhole = kTileRows - kRest;
      for (size_t row = 0; row < kWhole; row += kGroup) {
        add_panel<kGroup>(&block[row * n], panel.data(), n, out + row * kTileLatents + latent);
      }
      if constexpr (kRest > 0) {
        add_panel<kRest>(&block[kWhole * n], panel.data(), n, out + kWhole * kTileLatents + latent);
      }
    }
  }
}

#undef ACTOGRAM_FUSED

#else

bool has_fused_gemm() { return false; }
void multiply_tile_fused(const float*, const float*, size_t, float*) { assert(false); }

#endif

}  // namespace actogram
