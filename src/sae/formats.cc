#include "sae/formats.h"

#include <algorithm>
#include <cmath>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr SaeFormat kFormats[] = {
    {"OpenAI", is_openai, read_openai},
    {"Goodfire", is_goodfire, read_goodfire},
    {"Llama Scope", is_llama_scope, read_llama_scope},
    {"sparsify", is_sparsify, read_sparsify},
    {"SAELens", is_saelens, read_saelens},
    {"Gemma Scope", is_gemma_scope, read_gemma_scope},
    {"dictionary_learning", is_dictionary_learning, read_dictionary_learning},
};

constexpr uint64_t kMaxLatents = uint64_t{1} << 31;

std::string names_in(const WeightsFile& file) {
  std::string list;
  for (const auto& [name, tensor] : file.content.tensors) {
    list.append(list.empty() ? "" : ", ").append(name);
  }
  return list.empty() ? "none" : list;
}

const SaeFormat& format_of(const WeightsFile& file) {
  const auto found =
      std::ranges::find_if(kFormats, [&](const SaeFormat& format) { return format.matches(file); });
  if (found != std::end(kFormats)) return *found;
  std::string list;
  for (const SaeFormat& format : kFormats) {
    list.append(list.empty() ? "" : ", ").append(format.name);
  }
  fail(Code::unsupported, "{}: not an SAE of a known format ({}); its arrays are {}", file.path,
       list, names_in(file));
}

// What the options say for any format.
void apply(const SaeOptions& options, Sae& sae) {
  if (options.input_scale && sae.input_norm == InputNorm::none) {
    sae.input_norm = InputNorm::scale;
    sae.input_scale = *options.input_scale;
  }
  if (sae.input_norm == InputNorm::scale) {
    const float asked = options.input_scale.value_or(sae.input_scale);
    if (asked != sae.input_scale) {
      fail(Code::invalid, "{}: --input-scale {}: its files say {}", sae.path, asked,
           sae.input_scale);
    }
    if (!std::isfinite(asked) || asked <= 0) {
      fail(Code::invalid, "{}: an input scale of {}; it must be above 0", sae.path, asked);
    }
  } else if (options.input_scale) {
    fail(Code::invalid, "{}: --input-scale: its input is normalised by {}", sae.path,
         name_of(sae.input_norm));
  }
  if (!options.site.empty()) {
    check_site(options.site);
    if (!sae.site.empty() && sae.site != options.site) {
      fail(Code::invalid, "{}: --site {}: its files say {}", sae.path, options.site, sae.site);
    }
    sae.site = options.site;
  }
  if (options.decoder_norm == SaeOptions::DecoderNorm::fold) {
    if (sae.kind == SaeKind::top_k && sae.scale.empty()) {
      fail(Code::invalid, "{}: --fold-decoder-norm would change which latents are the top {}",
           sae.path, sae.k);
    }
    if (sae.kind != SaeKind::top_k) sae.scale = decoder_norms(sae);
    sae.unit_decoder_norm = true;
    sae.notes.emplace_back("latents are of unit decoder norm");
  }
  for (size_t i = 0; i < sae.scale.size(); ++i) {
    if (!std::isfinite(sae.scale[i])) {
      fail(Code::corrupt, "{}: the decoder's row {} has a norm of {}", sae.path, i, sae.scale[i]);
    }
  }
}

SaeOptions::Kind option_of(SaeKind kind) {
  switch (kind) {
    case SaeKind::relu:
      return SaeOptions::Kind::relu;
    case SaeKind::top_k:
      return SaeOptions::Kind::top_k;
    case SaeKind::jump_relu:
      return SaeOptions::Kind::jump_relu;
    case SaeKind::gated:
      return SaeOptions::Kind::gated;
  }
  return SaeOptions::Kind::as_told;
}

}  // namespace

std::span<const SaeFormat> sae_formats() { return kFormats; }

Sae open_sae(const std::string& path, const SaeOptions& options) {
  const WeightsFile file = open_weights(path);
  const SaeFormat& format = format_of(file);
  Sae sae;
  sae.path = path;
  sae.format = format.name;
  sae.file = file.mapped;
  format.read(file, options, sae);
  if (sae.kind != SaeKind::top_k && options.k) {
    fail(Code::invalid, "{}: --k {}: its kind is {}", path, *options.k, name_of(sae.kind));
  }
  if (sae.kind != SaeKind::jump_relu && options.threshold) {
    fail(Code::invalid, "{}: --threshold {}: its kind is {}", path, *options.threshold,
         name_of(sae.kind));
  }
  apply(options, sae);
  return sae;
}

void set_encoder(Sae& sae, Tensor w_enc, const WeightsFile& file) {
  const uint64_t n_latents = w_enc.shape[0], d_in = w_enc.shape[1];
  if (n_latents == 0 || d_in == 0 || n_latents >= kMaxLatents || d_in >= kMaxLatents) {
    fail(Code::corrupt, "{}: an encoder of {} latents over {} values", file.path, n_latents, d_in);
  }
  sae.n_latents = static_cast<uint32_t>(n_latents);
  sae.d_in = sae.d_out = static_cast<uint32_t>(d_in);
  sae.w_enc = std::move(w_enc);
}

void set_decoder(Sae& sae, Tensor w_dec, const WeightsFile& file) {
  if (w_dec.shape[0] != sae.n_latents && w_dec.shape[1] == sae.n_latents) {
    w_dec = transposed(std::move(w_dec));
  }
  if (w_dec.shape[0] != sae.n_latents || w_dec.shape[1] == 0 || w_dec.shape[1] >= kMaxLatents) {
    fail(Code::corrupt, "{}: a decoder of {} for {} latents", file.path, shape_text(w_dec.shape),
         sae.n_latents);
  }
  sae.d_out = static_cast<uint32_t>(w_dec.shape[1]);
  sae.w_dec = std::move(w_dec);
}

void set_kind(Sae& sae, SaeKind told, const SaeOptions& options) {
  if (options.kind != SaeOptions::Kind::as_told && options.kind != option_of(told)) {
    fail(Code::invalid, "{}: --kind: its files say {}; leave the option out", sae.path,
         name_of(told));
  }
  sae.kind = told;
}

void set_k(Sae& sae, int64_t told, const SaeOptions& options) {
  if (told == 0 && !options.k) {
    fail(Code::invalid, "{}: its files do not tell how many latents are kept; say --k N", sae.path);
  }
  const int64_t k = told != 0 ? told : *options.k;
  if (options.k && *options.k != k) {
    fail(Code::invalid, "{}: --k {}: its files say {}", sae.path, *options.k, k);
  }
  if (k < 1 || k > sae.n_latents) {
    fail(Code::corrupt, "{}: the top {} of {} latents", sae.path, k, sae.n_latents);
  }
  sae.k = static_cast<uint32_t>(k);
}

void set_thresholds(Sae& sae, std::vector<float> told, const SaeOptions& options) {
  if (options.threshold) {
    fail(Code::invalid, "{}: --threshold {}: its files have thresholds", sae.path,
         *options.threshold);
  }
  sae.threshold = std::move(told);
}

}  // namespace actogram
