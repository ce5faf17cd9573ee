// dictionary_learning (github.com/saprmarks/dictionary_learning): ae.pt, usually with config.json.
//
// The classes differ in the names of their arrays:
//   AutoEncoder        bias, encoder.*                 relu(encoder(x - bias))
//   AutoEncoderNew     encoder.*, decoder.bias         relu(encoder(x))
//   GatedAutoEncoder   gate_bias, mag_bias, r_mag      gated, of x - decoder_bias
//   JumpReluAutoEncoder  W_enc, threshold              jump_relu, of x
//   AutoEncoderTopK    encoder.*, b_dec, k, threshold  the k largest of relu(encoder(x - b_dec))
//   BatchTopKSAE       encoder.*, b_dec, k, threshold  the same where above the one threshold
// The last two cannot be told apart without config.json. Two plain layers (AutoEncoderNew) are how
// others save SAEs as well, so without config.json their kind must be said.
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "actogram/error.h"
#include "sae/formats.h"

namespace actogram {
namespace {

using Kind = SaeOptions::Kind;

// What config.json keeps about the training, or an empty object.
Json trainer_of(const WeightsFile& file) {
  const auto found = file.config.find("trainer");
  return found != file.config.end() && found->is_object() ? *found : Json::object();
}

std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t number_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

// submodule_name is "resid_post_layer_5" and the like; the layer is also a number of its own.
std::string site_of(const Json& trainer) {
  const std::string name = text_in(trainer, "submodule_name");
  const auto layer = trainer.find("layer");
  if (layer == trainer.end() || !layer->is_number_unsigned()) return "";
  const std::string block = fmt::format("blocks.{}.", layer->get<uint64_t>());
  if (name.starts_with("resid_post")) return block + "hook_resid_post";
  if (name.starts_with("mlp_out")) return block + "hook_mlp_out";
  if (name.starts_with("attention_out") || name.starts_with("attn_out")) {
    return block + "hook_attn_out";
  }
  return "";
}

void read_linear(const WeightsFile& file, Sae& sae) {
  set_encoder(sae, matrix_of(file, "encoder.weight"), file);
  if (file.has("decoder.weight")) {
    set_decoder(sae, transposed(matrix_of(file, "decoder.weight", sae.d_in, sae.n_latents)), file);
  }
  if (file.has("encoder.bias")) sae.b_enc = vector_of(file, "encoder.bias", sae.n_latents);
}

void read_gated(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  read_linear(file, sae);
  set_kind(sae, SaeKind::gated, options);
  sae.pre_bias = sae.b_dec = vector_of(file, "decoder_bias", sae.d_in);
  sae.b_gate = vector_of(file, "gate_bias", sae.n_latents);
  sae.b_enc = vector_of(file, "mag_bias", sae.n_latents);
  sae.magnitude = vector_of(file, "r_mag", sae.n_latents);
  for (float& m : sae.magnitude) m = std::exp(m);
}

void read_jump_relu(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  set_encoder(sae, transposed(matrix_of(file, "W_enc")), file);
  set_decoder(sae, matrix_of(file, "W_dec", sae.n_latents, sae.d_in), file);
  set_kind(sae, SaeKind::jump_relu, options);
  sae.b_enc = vector_of(file, "b_enc", sae.n_latents);
  sae.b_dec = vector_of(file, "b_dec", sae.d_in);
  set_thresholds(sae, vector_of(file, "threshold", sae.n_latents), options);
}

Kind kind_of_top_k(const WeightsFile& file, const Json& trainer, const SaeOptions& options) {
  const std::string name = text_in(trainer, "dict_class");
  Kind told = Kind::as_told;
  if (name == "AutoEncoderTopK") told = Kind::top_k;
  if (name.find("BatchTopK") != name.npos) told = Kind::batch_top_k;
  const Kind asked = options.kind;
  if (told == Kind::as_told && asked != Kind::top_k && asked != Kind::batch_top_k) {
    fail(
        Code::invalid,
        "{}: TopK and BatchTopK SAEs have the same arrays, and no config.json beside it says which "
        "it is: say --kind top_k or --kind batch_top_k",
        file.path);
  }
  if (told != Kind::as_told && asked != Kind::as_told && asked != told) {
    fail(Code::invalid, "{}: --kind: {} says {}", file.path, file.config_path, name);
  }
  return told != Kind::as_told ? told : asked;
}

void read_top_k(const WeightsFile& file, const Json& trainer, const SaeOptions& options, Sae& sae) {
  read_linear(file, sae);
  sae.pre_bias = sae.b_dec = vector_of(file, "b_dec", sae.d_in);
  const int64_t told = file.has("k") ? std::llround(number_of(file, "k")) : number_in(trainer, "k");
  if (kind_of_top_k(file, trainer, options) == Kind::top_k) {
    sae.kind = SaeKind::top_k;
    return set_k(sae, told, options);
  }
  sae.kind = SaeKind::jump_relu;
  sae.notes.emplace_back(fmt::format("trained with batch top-k{}, read by its threshold",
                                     told > 0 ? fmt::format(" of {}", told) : ""));
  if (file.has("threshold")) {
    set_thresholds(sae, std::vector<float>(sae.n_latents, number_of(file, "threshold")), options);
  } else if (options.threshold) {
    sae.threshold.assign(sae.n_latents, *options.threshold);
  } else {
    fail(Code::invalid, "{}: a BatchTopK SAE without its threshold: say --threshold", file.path);
  }
}

// Two plain layers.
void read_plain(const WeightsFile& file, const Json& trainer, const SaeOptions& options, Sae& sae) {
  read_linear(file, sae);
  if (file.has("decoder.bias")) sae.b_dec = vector_of(file, "decoder.bias", sae.d_in);
  const std::string name = text_in(trainer, "dict_class");
  if (name == "AutoEncoderNew") return set_kind(sae, SaeKind::relu, options);
  if (!name.empty()) {
    fail(Code::unsupported, "{}: its class is {}, whose arrays it does not have", file.path, name);
  }
  sae.format = "two plain layers";
  switch (options.kind) {
    case Kind::relu:
      sae.kind = SaeKind::relu;
      return;
    case Kind::top_k:
      sae.kind = SaeKind::top_k;
      return set_k(sae, 0, options);
    case Kind::batch_top_k:
    case Kind::jump_relu:
      if (!options.threshold) {
        fail(Code::invalid, "{}: has no threshold: say --threshold", file.path);
      }
      sae.kind = SaeKind::jump_relu;
      sae.threshold.assign(sae.n_latents, *options.threshold);
      return;
    case Kind::gated:
    case Kind::as_told:
      fail(Code::invalid,
           "{}: two plain layers, and nothing says what is applied between them: say --kind relu, "
           "--kind top_k or --kind jump_relu",
           file.path);
  }
}

}  // namespace

bool is_dictionary_learning(const WeightsFile& file) {
  return file.has_all({"encoder.weight", "decoder.weight"}) ||
         file.has_all({"encoder.weight", "encoder.bias"}) ||
         (file.container == Container::torch &&
          file.has_all({"W_enc", "W_dec", "b_enc", "b_dec", "threshold"}));
}

void read_dictionary_learning(const WeightsFile& file, const SaeOptions& options, Sae& sae) {
  const Json trainer = trainer_of(file);
  if (file.has("W_enc")) {
    read_jump_relu(file, options, sae);
  } else if (file.has("gate_bias")) {
    read_gated(file, options, sae);
  } else if (!file.has("encoder.bias")) {
    fail(Code::unsupported, "{}: an encoder without encoder.bias", file.path);
  } else if (file.has("bias")) {
    read_linear(file, sae);
    sae.pre_bias = sae.b_dec = vector_of(file, "bias", sae.d_in);
    set_kind(sae, SaeKind::relu, options);
  } else if (file.has("b_dec")) {
    read_top_k(file, trainer, options, sae);
  } else {
    read_plain(file, trainer, options, sae);
  }
  sae.site = site_of(trainer);
  sae.model = text_in(trainer, "lm_name");
}

}  // namespace actogram
