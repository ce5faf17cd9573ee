// SAELens (github.com/decoderesearch/SAELens): cfg.json and sae_weights.safetensors.
//
// `architecture` names the kind; W_enc is [d_in, d_sae], W_dec [d_sae, d_out]. What is encoded is
// normalise(x), minus b_dec if apply_b_dec_to_input. Batch top-k SAEs are saved as jumprelu.
// Transcoders have the same encoders and never subtract b_dec. Before version 6 some members had
// other names, and top-k was an activation_fn of the standard architecture.
//
// expected_average_only_in does nothing when SAELens runs, since its factor is meant to be folded
// into the weights, and cfg.json does not tell whether it was. Unless activation_scaler.json lies
// beside it, the factor must be said.
#include <cmath>
#include <string>

#include "actogram/error.h"
#include "sae/formats.h"

namespace actogram {
namespace {

// Hook names and the model's are in `metadata`, or in `meta`, or, before version 6, outside.
std::vector<const Json*> describing(const WeightsFile& file) {
  std::vector<const Json*> objects;
  for (const char* name : {"metadata", "meta"}) {
    const auto found = file.config.find(name);
    if (found != file.config.end() && found->is_object()) objects.push_back(&*found);
  }
  objects.push_back(&file.config);
  return objects;
}

std::string told(const WeightsFile& file, std::initializer_list<const char*> keys) {
  for (const Json* object : describing(file)) {
    for (const char* key : keys) {
      const auto value = object->find(key);
      if (value != object->end() && value->is_string()) return value->get<std::string>();
    }
  }
  return "";
}

void refuse_one_head(const WeightsFile& file) {
  for (const Json* object : describing(file)) {
    for (const char* key : {"hook_head_index", "hook_point_head_index"}) {
      const auto head = object->find(key);
      if (head == object->end() || head->is_null()) continue;
      fail(Code::unsupported, "{}: reads attention head {} alone; whole sites are supported",
           file.config_path, to_text(*head));
    }
  }
}

std::string architecture_of(const WeightsFile& file) {
  auto architecture = config_value<std::string>(file, "architecture", "standard");
  const auto activation = config_value<std::string>(
      file, file.configures("activation_fn") ? "activation_fn" : "activation_fn_str", "relu");
  if (architecture == "standard" && activation == "topk") return "topk";
  if (architecture == "standard" && activation != "relu") {
    fail(Code::unsupported, "{}: its activation is {}; relu and topk are supported",
         file.config_path, activation);
  }
  return architecture;
}

int64_t k_of(const WeightsFile& file) {
  if (file.configures("k")) return config_value<int64_t>(file, "k");
  const auto arguments = file.config.find("activation_fn_kwargs");
  if (arguments == file.config.end() || !arguments->contains("k")) return 0;
  return field<int64_t>(*arguments, "k", file.config_path);
}

void read_gated(const WeightsFile& file, Sae& sae) {
  sae.b_gate = vector_of(file, "b_gate", sae.n_latents);
  sae.b_enc = vector_of(file, "b_mag", sae.n_latents);
  sae.magnitude = vector_of(file, "r_mag", sae.n_latents);
  for (float& m : sae.magnitude) m = std::exp(m);
}

void read_kind(const WeightsFile& file, const std::string& architecture, const SaeOptions& options,
               Sae& sae) {
  if (architecture == "gated") {
    set_kind(sae, SaeKind::gated, options);
    return read_gated(file, sae);
  }
  sae.b_enc = vector_of(file, "b_enc", sae.n_latents);
  if (architecture == "standard" || architecture == "transcoder" ||
      architecture == "skip_transcoder") {
    set_kind(sae, SaeKind::relu, options);
  } else if (architecture == "jumprelu" || architecture == "jumprelu_transcoder") {
    set_kind(sae, SaeKind::jump_relu, options);
    set_thresholds(sae, vector_of(file, "threshold", sae.n_latents), options);
  } else if (architecture == "topk") {
    set_kind(sae, SaeKind::top_k, options);
    set_k(sae, k_of(file), options);
    if (config_value<bool>(file, "rescale_acts_by_decoder_norm", false)) {
      sae.scale = decoder_norms(sae);
    }
  } else {
    fail(Code::unsupported,
         "{}: its architecture is {}; standard, topk, jumprelu, gated and their transcoders are "
         "supported",
         file.config_path, architecture);
  }
}

void read_input_norm(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  std::string norm = "none";
  if (file.configures("normalize_activations")) {
    const Json& value = file.config.at("normalize_activations");
    if (value.is_boolean()) {
      norm = value.get<bool>() ? "expected_average_only_in" : "none";
    } else {
      norm = config_value<std::string>(file, "normalize_activations", "none");
    }
  }
  if (norm == "layer_norm") {
    sae.input_norm = InputNorm::layer_norm;
  } else if (norm == "constant_norm_rescale") {
    sae.input_norm = InputNorm::constant_norm;
  } else if (norm == "expected_average_only_in") {
    sae.input_norm = InputNorm::scale;
    if (!file.scaler.empty()) {
      sae.input_scale = field<float>(file.scaler, "scaling_factor", file.path + ": its scaler");
    } else if (options.input_scale) {
      sae.input_scale = *options.input_scale;
    } else {
      fail(
          Code::invalid,
          "{}: normalize_activations is {}, and its files do not tell whether the factor is folded "
          "into the weights: say --input-scale 1 if it is, and as SAELens runs it, or else the "
          "factor, sqrt(d_in) / mean |x|",
          file.config_path, norm);
    }
  } else if (norm != "none") {
    fail(Code::unsupported, "{}: normalises its input by {}", file.config_path, norm);
  }
}

}  // namespace

bool is_saelens(const WeightsFile& file) {
  return file.has("W_enc") && (file.configures("d_sae") || file.configures("architecture"));
}

void read_saelens(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  refuse_one_head(file);
  const auto d_in = config_value<uint32_t>(file, "d_in"),
             d_sae = config_value<uint32_t>(file, "d_sae");
  set_encoder(sae, transposed(matrix_of(file, "W_enc", d_in, d_sae)), file);
  const auto d_out = config_value<uint32_t>(file, "d_out", d_in);
  if (file.has("W_dec")) {
    set_decoder(sae, matrix_of(file, "W_dec", d_sae, d_out), file);
    sae.b_dec = vector_of(file, "b_dec", d_out);
  }
  const std::string architecture = architecture_of(file);
  const bool transcoder = architecture.ends_with("transcoder");
  if (!transcoder && config_value<bool>(file, "apply_b_dec_to_input", true)) {
    sae.pre_bias = vector_of(file, "b_dec", d_in);
  }
  read_kind(file, architecture, options, sae);
  read_input_norm(file, options, sae);
  sae.site = told(file, {"hook_name", "hook_point"});
  sae.site_out = transcoder ? told(file, {"hook_name_out"}) : "";
  sae.model = told(file, {"model_name"});
}

}  // namespace actogram
