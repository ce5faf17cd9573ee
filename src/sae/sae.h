// A sparse autoencoder (SAE): the common form that every published format is read into.
//
//   x'     = normalise(x)                      [d_in], as `input_norm` says
//   a      = W_enc (x' - pre_bias)             [n_latents]
//   latent = kind(a)                           see SaeKind
//
// Formats differ in names, in which way a matrix lies, in whether the decoder's bias is subtracted
// before encoding and in what a threshold is compared with; docs/sae.md has them side by side. Once
// read, an Sae says it in one way and the encoder knows no format. Matrices are views of the mapped
// file, so an Sae of gigabytes is opened without reading them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "codec/tensor.h"

namespace actogram {

// What makes a latent of h = a + b_enc. A latent that is not kept is zero, and no event.
enum class SaeKind : uint8_t {
  relu,       // h where h > 0
  top_k,      // of the k largest h * scale, ties to the lower index: those above 0
  jump_relu,  // h where h > threshold and h > 0
  gated,      // a * magnitude + b_enc where that is > 0 and a + b_gate > 0
};
inline constexpr size_t kNumSaeKinds = 4;
std::string_view name_of(SaeKind kind);

enum class InputNorm : uint8_t {
  none,
  layer_norm,     // (x - mean) / (std + 1e-5), std with n - 1
  constant_norm,  // x * sqrt(d_in) / |x|
  scale,          // x * input_scale
};
inline constexpr size_t kNumInputNorms = 4;
std::string_view name_of(InputNorm norm);

struct Sae {
  std::string path;    // as it was opened
  std::string format;  // "SAELens"
  SaeKind kind = SaeKind::relu;
  uint32_t d_in = 0;
  uint32_t d_out = 0;  // another width than d_in only where a transcoder writes elsewhere
  uint32_t n_latents = 0;
  InputNorm input_norm = InputNorm::none;
  float input_scale = 1;
  uint32_t k = 0;  // of top_k

  Tensor w_enc;                    // [n_latents, d_in]
  std::optional<Tensor> w_dec;     // [n_latents, d_out]; some files have the encoder only
  std::vector<float> pre_bias;     // [d_in], or none
  std::vector<float> b_enc;        // [n_latents]
  std::vector<float> b_dec;        // [d_out], or none
  std::vector<float> threshold;    // [n_latents], of jump_relu
  std::vector<float> b_gate;       // [n_latents], of gated
  std::vector<float> magnitude;    // [n_latents], of gated
  std::vector<float> scale;        // [n_latents], or none: a latent is multiplied by it; above 0
  bool unit_decoder_norm = false;  // a person asked for latents of a decoder with rows of length 1

  std::string site;      // where it reads the model, if that is told: "blocks.19.hook_resid_post"
  std::string site_out;  // where a transcoder writes
  std::string model;     // as the file names it, for people
  std::vector<std::string> notes;  // what a reader of the latents should know

  std::shared_ptr<const MappedFile> file;  // holds the matrices
};

// What a person says because the file does not. What both say must agree.
struct SaeOptions {
  enum class Kind : uint8_t { as_told, relu, top_k, batch_top_k, jump_relu, gated };
  enum class DecoderNorm : uint8_t { keep, fold };

  Kind kind = Kind::as_told;
  std::optional<uint32_t> k;
  std::optional<float> threshold;    // one for all latents
  std::optional<float> input_scale;  // what the model's values are multiplied by first
  std::string site;
  // fold: latents as if every row of W_dec had length 1, as SAEDashboard and Neuronpedia show them.
  DecoderNorm decoder_norm = DecoderNorm::keep;
};

// What a person writes for a kind.
inline constexpr std::pair<const char*, SaeOptions::Kind> kSaeKindWords[] = {
    {"as_told", SaeOptions::Kind::as_told},     {"relu", SaeOptions::Kind::relu},
    {"top_k", SaeOptions::Kind::top_k},         {"batch_top_k", SaeOptions::Kind::batch_top_k},
    {"jump_relu", SaeOptions::Kind::jump_relu}, {"gated", SaeOptions::Kind::gated}};

// Opens a file or a folder of any format in the table of formats.cc. Error{unsupported} if it is
// none of them, Error{invalid} if something must be said that is not in the file, or contradicts
// it, Error{corrupt} if shapes contradict each other or a bias is not finite.
Sae open_sae(const std::string& path, const SaeOptions& options);

// Reads all of both matrices. Error{corrupt} names the first number that is not finite.
void check_finite(const Sae& sae);

// |row| of W_dec, summed in double. Error{invalid} if the file has no decoder.
std::vector<float> decoder_norms(const Sae& sae);

// Error{invalid} unless the model's values at the SAE's site have its width.
void check_width(const Sae& sae, std::string_view site, size_t width);

// A place in the model that an SAE can read, or Error{invalid} that lists them.
void check_site(std::string_view site);

}  // namespace actogram
