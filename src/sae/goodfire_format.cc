// Goodfire's SAEs of Llama 3 (huggingface.co/Goodfire): a state dict of two torch.nn.Linear.
//
//   latents = relu(encoder_linear.weight x + encoder_linear.bias)
//
// Nothing is subtracted or normalised before.
#include "sae/formats.h"

namespace actogram {

bool is_goodfire(const WeightsFile& file) { return file.has("encoder_linear.weight"); }

void read_goodfire(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  set_encoder(sae, matrix_of(file, "encoder_linear.weight"), file);
  sae.b_enc = vector_of(file, "encoder_linear.bias", sae.n_latents);
  if (file.has("decoder_linear.weight")) {
    set_decoder(sae, transposed(matrix_of(file, "decoder_linear.weight", sae.d_in, sae.n_latents)),
                file);
    sae.b_dec = vector_of(file, "decoder_linear.bias", sae.d_in);
  }
  set_kind(sae, SaeKind::relu, options);
}

}  // namespace actogram
