// sparsify (github.com/EleutherAI/sparsify): a folder with cfg.json and sae.safetensors, named
// after the module of the Hugging Face model whose output it reads: "layers.10", "layers.10.mlp".
//
//   h = relu(encoder.weight (x - b_dec) + encoder.bias);   latents = the k largest of h
//
// A transcoder does not subtract b_dec, and reads the module's input. W_dec is [num_latents, d_in].
#include <string>
#include <string_view>

#include "actogram/error.h"
#include "core/module_names.h"
#include "sae/formats.h"

namespace actogram {
namespace {

int64_t latents_told(const WeightsFile& file, uint32_t d_in) {
  const auto n = config_value<int64_t>(file, "num_latents", 0);
  return n != 0 ? n : int64_t{d_in} * config_value<int64_t>(file, "expansion_factor", 0);
}

}  // namespace

bool is_sparsify(const WeightsFile& file) {
  return file.has_all({"encoder.weight", "encoder.bias", "b_dec"}) && file.configures("d_in") &&
         file.configures("k");
}

void read_sparsify(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  const auto d_in = config_value<uint32_t>(file, "d_in");
  set_encoder(sae, matrix_of(file, "encoder.weight"), file);
  const int64_t n_told = latents_told(file, d_in);
  if (sae.d_in != d_in || (n_told != 0 && n_told != sae.n_latents)) {
    fail(Code::corrupt, "{}: encoder.weight is {}; {} says d_in {} and {} latents", file.path,
         shape_text(sae.w_enc.shape), file.config_path, d_in, n_told);
  }
  sae.b_enc = vector_of(file, "encoder.bias", sae.n_latents);
  if (file.has("W_dec")) set_decoder(sae, matrix_of(file, "W_dec"), file);
  sae.b_dec = vector_of(file, "b_dec", sae.d_out);
  const bool transcoder = config_value<bool>(file, "transcode", false);
  if (!transcoder) sae.pre_bias = vector_of(file, "b_dec", d_in);
  if (config_value<bool>(file, "signed", false)) {
    fail(Code::unsupported, "{}: its top k are signed", file.config_path);
  }
  if (const auto activation = config_value<std::string>(file, "activation", "topk");
      activation != "topk") {
    fail(Code::unsupported, "{}: its activation is {}; topk is supported", file.config_path,
         activation);
  }
  set_kind(sae, SaeKind::top_k, options);
  set_k(sae, config_value<int64_t>(file, "k"), options);
  sae.site = transcoder ? input_of_module(file.folder_name) : hook_of_module(file.folder_name);
  if (transcoder) sae.site_out = hook_of_module(file.folder_name);
}

}  // namespace actogram
