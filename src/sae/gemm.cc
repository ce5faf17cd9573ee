#include "sae/gemm.h"

#include <cblas.h>

#include <mutex>

namespace actogram {

void multiply_tile(const float* rows, const float* latents, size_t width, float* out) {
  static std::once_flag once;
  std::call_once(once, [] { scipy_openblas_set_num_threads(1); });
  const auto n_rows = static_cast<blasint>(kTileRows),
             n_latents = static_cast<blasint>(kTileLatents), n = static_cast<blasint>(width);
  scipy_cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n_rows, n_latents, n, 1, rows, n,
                    latents, n, 0, out, n_latents);
}

}  // namespace actogram
