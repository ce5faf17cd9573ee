// OpenAI's sparse_autoencoder (github.com/openai/sparse_autoencoder, model.py): torch.save() of
// Autoencoder.state_dict().
//
//   latents = activation(encoder.weight (x' - pre_bias) + latent_bias)
//
// `activation` is the name of the function; without it ReLU is meant. TopK implies that the input
// was normalised: x' = (x - mean) / (std + 1e-5), std with n - 1. A decoder may lie column-major,
// and a tied one is the encoder.
#include <string>

#include "actogram/error.h"
#include "sae/formats.h"

namespace actogram {
namespace {

template <typename T>
T scalar_of(const WeightsFile& file, const std::string& name, T standard) {
  const auto found = file.content.scalars.find(name);
  if (found == file.content.scalars.end()) return standard;
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  fail(Code::corrupt, "{}: {}: has an unexpected type", file.path, name);
}

}  // namespace

bool is_openai(const WeightsFile& file) {
  return file.container == Container::torch &&
         file.has_all({"pre_bias", "latent_bias", "encoder.weight"});
}

void read_openai(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  set_encoder(sae, matrix_of(file, "encoder.weight"), file);
  if (file.has("decoder.weight")) {
    set_decoder(sae, transposed(matrix_of(file, "decoder.weight", sae.d_in, sae.n_latents)), file);
  } else if (file.has("decoder.linear.weight")) {
    set_decoder(sae, matrix_of(file, "decoder.linear.weight", sae.n_latents, sae.d_in), file);
    sae.notes.emplace_back("the decoder is the encoder, transposed");
  }
  sae.pre_bias = sae.b_dec = vector_of(file, "pre_bias", sae.d_in);
  sae.b_enc = vector_of(file, "latent_bias", sae.n_latents);
  const auto activation = scalar_of<std::string>(file, "activation", "ReLU");
  if (activation == "ReLU") {
    set_kind(sae, SaeKind::relu, options);
  } else if (activation == "TopK") {
    const auto after = scalar_of<std::string>(file, "activation_state_dict.postact_fn", "ReLU");
    if (after != "ReLU") {
      fail(Code::unsupported, "{}: TopK followed by {}; ReLU is supported", file.path, after);
    }
    set_kind(sae, SaeKind::top_k, options);
    set_k(sae, scalar_of<int64_t>(file, "activation_state_dict.k", 0), options);
    sae.input_norm = InputNorm::layer_norm;
  } else {
    fail(Code::unsupported, "{}: its activation is {}; ReLU and TopK are supported", file.path,
         activation);
  }
}

}  // namespace actogram
