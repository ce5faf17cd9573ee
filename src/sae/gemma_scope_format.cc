// Gemma Scope (huggingface.co/google/gemma-scope): params.npz with W_enc [d_in, d_sae], W_dec,
// b_enc, b_dec and threshold; some have w_enc and w_dec.
//
//   h = x W_enc + b_enc;   latents = h where h > threshold
//
// Nothing is subtracted before. The file tells neither site nor model.
#include "sae/formats.h"

namespace actogram {
namespace {

std::string matrix_name(const WeightsFile& file, const char* name) {
  return (file.has(std::string("W_") + name) ? "W_" : "w_") + std::string(name);
}

}  // namespace

bool is_gemma_scope(const WeightsFile& file) {
  return file.container == Container::npz && file.has("threshold") &&
         file.has(matrix_name(file, "enc"));
}

void read_gemma_scope(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  set_encoder(sae, transposed(matrix_of(file, matrix_name(file, "enc"))), file);
  sae.b_enc = vector_of(file, "b_enc", sae.n_latents);
  if (file.has(matrix_name(file, "dec"))) {
    set_decoder(sae, matrix_of(file, matrix_name(file, "dec")), file);
    sae.b_dec = vector_of(file, "b_dec", sae.d_out);
  }
  set_kind(sae, SaeKind::jump_relu, options);
  set_thresholds(sae, vector_of(file, "threshold", sae.n_latents), options);
}

}  // namespace actogram
