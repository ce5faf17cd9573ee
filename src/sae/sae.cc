#include "sae/sae.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr uint64_t kRowsAtOnce = 64;

// Calls `body(row, values)` for each row of a matrix, a few of them converted at a time.
template <typename Body>
void for_each_row(const Tensor& matrix, const Body& body) {
  const uint64_t n_rows = matrix.shape[0], width = matrix.shape[1];
  std::vector<float> some(kRowsAtOnce * width);
  for (uint64_t first = 0; first < n_rows; first += kRowsAtOnce) {
    const uint64_t n = std::min(kRowsAtOnce, n_rows - first);
    copy_rows(matrix, first, n, some.data(), width);
    for (uint64_t i = 0; i < n; ++i) body(first + i, std::span(some).subspan(i * width, width));
  }
}

void check_matrix(const Tensor& matrix, const std::string& what) {
  for_each_row(matrix, [&](uint64_t row, std::span<const float> values) {
    const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
    if (bad != values.end()) {
      fail(Code::corrupt, "{}: latent {}, value {}: {} is not a number; the weights are damaged",
           what, row, bad - values.begin(), *bad);
    }
  });
}

// The places of one layer, after "blocks.N.".
constexpr std::string_view kLayerSites[] = {
    "hook_resid_pre", "hook_resid_mid", "hook_resid_post", "hook_attn_out",       "hook_mlp_out",
    "mlp.hook_post",  "attn.hook_z",    "hook_mlp_in",     "ln2.hook_normalized", "mlp.hook_in"};
constexpr std::string_view kEmbedding = "hook_embed";

bool is_site(std::string_view site) {
  constexpr std::string_view kBlocks = "blocks.";
  if (site == kEmbedding) return true;
  if (!site.starts_with(kBlocks)) return false;
  site.remove_prefix(kBlocks.size());
  const size_t dot = site.find('.');
  constexpr size_t kMaxDigits = 6;
  if (dot == 0 || dot == site.npos || dot > kMaxDigits) return false;
  if (site.substr(0, dot).find_first_not_of("0123456789") != site.npos) return false;
  return std::ranges::find(kLayerSites, site.substr(dot + 1)) != std::end(kLayerSites);
}

}  // namespace

std::string_view name_of(SaeKind kind) {
  static constexpr std::string_view kNames[] = {"relu", "top_k", "jump_relu", "gated"};
  static_assert(std::size(kNames) == kNumSaeKinds);
  return kNames[static_cast<size_t>(kind)];
}

std::string_view name_of(InputNorm norm) {
  static constexpr std::string_view kNames[] = {"none", "layer_norm", "constant_norm", "scale"};
  static_assert(std::size(kNames) == kNumInputNorms);
  return kNames[static_cast<size_t>(norm)];
}

void check_finite(const Sae& sae) {
  check_matrix(sae.w_enc, sae.path + ": encoder");
  if (sae.w_dec) check_matrix(*sae.w_dec, sae.path + ": decoder");
}

std::vector<float> decoder_norms(const Sae& sae) {
  if (!sae.w_dec) {
    fail(Code::invalid, "{}: has no decoder, so its norms are not known", sae.path);
  }
  std::vector<float> norms(sae.n_latents);
  for_each_row(*sae.w_dec, [&](uint64_t row, std::span<const float> values) {
    double sum = 0;
    for (const double value : values) sum += value * value;
    norms[row] = static_cast<float>(std::sqrt(sum));
  });
  return norms;
}

void check_width(const Sae& sae, std::string_view site, size_t width) {
  if (width == sae.d_in) return;
  fail(Code::invalid,
       "{}: reads {} values, and the model has {} at {}; it belongs to another site{}", sae.path,
       sae.d_in, width, site, sae.model.empty() ? "" : " or model: " + sae.model);
}

void check_site(std::string_view site) {
  if (is_site(site)) return;
  std::string list(kEmbedding);
  for (const std::string_view name : kLayerSites) list.append(", blocks.N.").append(name);
  fail(Code::invalid, "'{}' is no site that an SAE reads; they are {}", site, list);
}

}  // namespace actogram
