#include "sae/gemm.h"

#include <cblas.h>

#include <mutex>
#include <string_view>

#include "sae/fused_gemm.h"

namespace actogram {
namespace {

// OpenBLAS' kernels for AVX2 take the first and the last eight latents of a block otherwise than
// the rest, half of the rows at a time, so a number would depend on its row's place in the tile,
// whatever the shape.
bool depends_on_place() {
  const std::string_view kernels = scipy_openblas_get_corename();
  return kernels == "Haswell" || kernels == "Zen";
}

}  // namespace

void multiply_tile(const float* rows, const float* latents, size_t width, float* out) {
  static const bool fused = has_fused_gemm() && depends_on_place();
  if (fused) return multiply_tile_fused(rows, latents, width, out);
  static std::once_flag once;
  std::call_once(once, [] { scipy_openblas_set_num_threads(1); });
  const auto n_rows = static_cast<blasint>(kTileRows),
             n_latents = static_cast<blasint>(kTileLatents), n = static_cast<blasint>(width);
  scipy_cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n_rows, n_latents, n, 1, rows, n,
                    latents, n, 0, out, n_latents);
}

}  // namespace actogram
