// Llama Scope (huggingface.co/fnlp, github.com/OpenMOSS/Language-Model-SAEs): hyperparams.json and
// checkpoints/final.safetensors; later ones have config.json and sae_weights.safetensors.
//
//   s = sqrt(d_model) / dataset_average_activation_norm.in
//   h = encoder.weight (s x) + encoder.bias;   latents = h where h > threshold
//
// jump_relu_threshold is one number for activations of the model's own size, and what is compared
// with it includes the decoder's norms if sparsity_include_decoder_norm: threshold[i] = s
// jump_relu_threshold / |W_dec[i]|. Later files hold log_jumprelu_threshold, one for each latent,
// for scaled activations. Latents are of scaled activations, as SAELens and Neuronpedia show them.
// A transcoder's two norms differ, and its published readings disagree about the threshold, so it
// must be said.
#include <cmath>
#include <string>

#include "actogram/error.h"
#include "sae/formats.h"

namespace actogram {
namespace {

void read_scale(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  const auto norm = config_value<std::string>(file, "norm_activation", "dataset-wise");
  if (norm == "inference") return;  // folded already
  if (norm != "dataset-wise") {
    fail(Code::unsupported, "{}: norm_activation is {}; dataset-wise is supported",
         file.config_path, norm);
  }
  sae.input_norm = InputNorm::scale;
  const auto norms = file.config.find("dataset_average_activation_norm");
  if (norms != file.config.end() && norms->is_object() && norms->contains("in")) {
    const auto in = field<double>(*norms, "in", file.config_path);
    sae.input_scale = static_cast<float>(std::sqrt(static_cast<double>(sae.d_in)) / in);
  } else if (options.input_scale) {
    sae.input_scale = *options.input_scale;
  } else {
    fail(Code::invalid,
         "{}: does not tell dataset_average_activation_norm: say --input-scale, which is "
         "sqrt(d_model) / norm",
         file.config_path);
  }
}

std::vector<float> thresholds_of(const WeightsFile& file, const Sae& sae) {
  std::vector<float> found(sae.n_latents);
  if (file.has("log_jumprelu_threshold")) {
    found = vector_of(file, "log_jumprelu_threshold", sae.n_latents);
    for (float& value : found) value = std::exp(value);
  } else {
    const auto one = config_value<float>(file, "jump_relu_threshold") * sae.input_scale;
    found.assign(sae.n_latents, one);
  }
  if (config_value<bool>(file, "sparsity_include_decoder_norm", false)) {
    const std::vector<float> norms = decoder_norms(sae);
    for (size_t i = 0; i < found.size(); ++i) found[i] /= norms[i];
  }
  return found;
}

}  // namespace

bool is_llama_scope(const WeightsFile& file) {
  return file.has_all({"encoder.weight", "encoder.bias"}) && file.configures("hook_point_in");
}

void read_llama_scope(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  const auto d_model = config_value<uint32_t>(file, "d_model");
  const Tensor encoder = matrix_of(file, "encoder.weight");
  set_encoder(sae, matrix_of(file, "encoder.weight", encoder.shape[0], d_model), file);
  sae.b_enc = vector_of(file, "encoder.bias", sae.n_latents);
  set_decoder(sae, transposed(matrix_of(file, "decoder.weight", d_model, sae.n_latents)), file);
  if (file.has("decoder.bias")) sae.b_dec = vector_of(file, "decoder.bias", d_model);
  if (config_value<bool>(file, "apply_decoder_bias_to_pre_encoder", false)) {
    fail(Code::unsupported, "{}: subtracts the decoder's bias before encoding", file.config_path);
  }
  const auto activation = config_value<std::string>(file, "act_fn", "jumprelu");
  if (activation != "jumprelu") {
    fail(Code::unsupported, "{}: act_fn is {}; jumprelu is supported", file.config_path,
         activation);
  }
  set_kind(sae, SaeKind::jump_relu, options);
  read_scale(file, options, sae);
  sae.site = config_value<std::string>(file, "hook_point_in");
  const auto out = config_value<std::string>(file, "hook_point_out", sae.site);
  if (out == sae.site) return set_thresholds(sae, thresholds_of(file, sae), options);
  sae.site_out = out;
  if (!options.threshold) {
    fail(Code::invalid,
         "{}: a transcoder, of whose threshold there are two readings: say --threshold, which is "
         "compared with latents of scaled activations",
         file.config_path);
  }
  sae.threshold.assign(sae.n_latents, *options.threshold);
}

}  // namespace actogram
