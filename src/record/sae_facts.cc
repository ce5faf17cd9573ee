#include "record/sae_facts.h"

#include <algorithm>

namespace actogram {
namespace {

std::string kind_text(const Sae& sae) {
  std::string name(name_of(sae.kind));
  switch (sae.kind) {
    case SaeKind::relu:
      return name + ": what is above 0";
    case SaeKind::top_k:
      return fmt::format("{}: the {} strongest{}", name, sae.k,
                         sae.scale.empty() ? "" : " by length of their decoder row");
    case SaeKind::jump_relu: {
      const auto [low, high] = std::ranges::minmax(sae.threshold);
      if (low == high) return fmt::format("{}: what is above {}", name, low);
      return fmt::format("{}: what is above a threshold of its own, {} to {}", name, low, high);
    }
    case SaeKind::gated:
      return name + ": what is above 0, where a gate is, too";
  }
  return name;
}

std::string input_text(const Sae& sae) {
  std::string text;
  switch (sae.input_norm) {
    case InputNorm::none:
      text = "as it is";
      break;
    case InputNorm::layer_norm:
      text = "(x - mean) / (std + 1e-5)";
      break;
    case InputNorm::constant_norm:
      text = "x * sqrt(width) / |x|";
      break;
    case InputNorm::scale:
      text = fmt::format("x * {}", sae.input_scale);
      break;
  }
  return sae.pre_bias.empty() ? text : text + ", minus a bias";
}

std::string place_text(uint32_t width, const std::string& site) {
  return fmt::format("{} values{}{}", width, site.empty() ? "" : " at ", site);
}

}  // namespace

Json sae_json(const Sae& sae) {
  Json json = {{"format", sae.format},
               {"kind", name_of(sae.kind)},
               {"n_latents", sae.n_latents},
               {"d_in", sae.d_in},
               {"d_out", sae.d_out},
               {"site", sae.site.empty() ? Json() : Json(sae.site)},
               {"site_out", sae.site_out.empty() ? Json() : Json(sae.site_out)},
               {"model", sae.model.empty() ? Json() : Json(sae.model)}};
  if (sae.kind == SaeKind::top_k) json["k"] = sae.k;
  if (sae.kind == SaeKind::jump_relu) {
    const auto [low, high] = std::ranges::minmax(sae.threshold);
    json["threshold"] = {{"min", low}, {"max", high}};
  }
  json["input"] = {{"norm", name_of(sae.input_norm)}, {"subtracts_bias", !sae.pre_bias.empty()}};
  if (sae.input_norm == InputNorm::scale) json["input"]["scale"] = sae.input_scale;
  if (sae.unit_decoder_norm) json["unit_decoder_norm"] = true;
  json["has_decoder"] = sae.w_dec.has_value();
  json["dtype"] = name_of(sae.w_enc.dtype);
  json["notes"] = sae.notes;
  return json;
}

SaeFacts sae_facts(const std::string& weights, const SaeOptions& options) {
  const Sae sae = open_sae(weights, options);
  check_finite(sae);
  const std::string site = sae.site.empty() ? "; where is not told" : " at " + sae.site;
  SaeFacts facts;
  facts.lines = {{"format", sae.format + ", " + std::string(name_of(sae.w_enc.dtype))},
                 {"kind", kind_text(sae)},
                 {"latents", fmt::format("{}", sae.n_latents)},
                 {"reads", fmt::format("{} values{}", sae.d_in, site)},
                 {"input", input_text(sae)}};
  if (sae.w_dec) facts.lines.emplace_back("writes", place_text(sae.d_out, sae.site_out));
  if (!sae.model.empty()) facts.lines.emplace_back("model", sae.model);
  for (const std::string& note : sae.notes) facts.lines.emplace_back("note", note);
  facts.json = to_text(sae_json(sae));
  return facts;
}

}  // namespace actogram
