#include "model/architectures.h"

#include <algorithm>
#include <iterator>

#include "actogram/error.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

std::string known_architectures() {
  std::string list;
  for (const Architecture& known : kArchitectures) {
    list.append(list.empty() ? "" : ", ").append(known.name);
  }
  return list;
}

// The last tensor of the chain weight, bias, scale that llama.cpp builds for a projection.
TensorTap projection(std::string_view name, uint32_t layer, const HasTensor& has_tensor) {
  if (has_tensor(fmt::format("blk.{}.{}.scale", layer, name))) {
    return {fmt::format("{}_s-{}", name, layer), TensorOp::mul};
  }
  if (has_tensor(fmt::format("blk.{}.{}.bias", layer, name))) {
    return {fmt::format("{}_b-{}", name, layer), TensorOp::add};
  }
  return {fmt::format("{}-{}", name, layer), TensorOp::mul_mat};
}

TensorTap mlp_projection(const Architecture& architecture, Quantity quantity, uint32_t layer,
                         const HasTensor& has_tensor) {
  const Mlp mlp = architecture.mlp;
  const bool linear = quantity == Quantity::hook_pre_linear;
  if (linear && mlp == Mlp::plain) {
    fail(Code::unsupported, "an MLP of architecture '{}' has no gate, so it has no {}",
         architecture.name, hook_name(quantity));
  }
  const bool from_up = linear || mlp != Mlp::gated;
  TensorTap tap = projection(from_up ? "ffn_up" : "ffn_gate", layer, has_tensor);
  tap.upper_half = linear && mlp == Mlp::fused;
  return tap;
}

// What a block adds to the residual stream: the end of weight, bias, and the norm after it.
TensorTap written(std::string_view name, std::string_view norm, uint32_t layer,
                  const HasTensor& has_tensor) {
  const auto weight = [&](std::string_view part, std::string_view kind) {
    return fmt::format("blk.{}.{}.{}", layer, part, kind);
  };
  if (has_tensor(weight(name, "scale"))) {
    fail(Code::unsupported, "{}: a scaled projection is not read by this version",
         weight(name, "scale"));
  }
  TensorTap tap{.tensor = weight(name, "weight"), .op = TensorOp::mul_mat, .by_source = true};
  if (has_tensor(weight(norm, "weight"))) {
    tap.tensor = weight(norm, "weight");
    tap.op = TensorOp::mul;
  } else if (has_tensor(weight(name, "bias"))) {
    tap.tensor = weight(name, "bias");
    tap.op = TensorOp::add;
  }
  return tap;
}

std::string resid_mid(const Architecture& architecture, Quantity quantity, uint32_t layer) {
  if (!architecture.resid_mid.empty()) return fmt::format("{}-{}", architecture.resid_mid, layer);
  fail(Code::unsupported,
       "layer {}: llama.cpp does not name what {} is read from in models of architecture {}", layer,
       hook_name(quantity), architecture.name);
}

// The end of the norm before the MLP.
TensorTap normalized(const Architecture& architecture, Quantity quantity, uint32_t layer) {
  const std::string name = fmt::format("{}-{}", architecture.norm_name, layer);
  switch (architecture.norm) {
    case MlpNorm::rms:
      return {name, TensorOp::mul};
    case MlpNorm::layer:
      return {name, TensorOp::add};
    case MlpNorm::plain_layer:
      return {name, TensorOp::norm};
    case MlpNorm::none:
      return {resid_mid(architecture, quantity, layer), TensorOp::add};
  }
  fail(Code::invalid, "norm {} is not known", static_cast<int>(architecture.norm));
}

}  // namespace

const Architecture& find_architecture(std::string_view name) {
  const auto* found = std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                                   [&](const Architecture& a) { return a.name == name; });
  if (found == std::end(kArchitectures)) {
    fail(Code::unsupported, "the model's architecture is '{}'; this version records from {}", name,
         known_architectures());
  }
  return *found;
}

std::optional<GateFunction> gate_function_of(const Architecture& architecture) {
  if (architecture.mlp == Mlp::plain) return std::nullopt;
  return architecture.post == "ffn_swiglu" ? GateFunction::silu : GateFunction::gelu_tanh;
}

std::string_view hook_name(Quantity quantity) {
  static constexpr std::string_view kNames[] = {
      "mlp.hook_pre",   "mlp.hook_pre_linear", "mlp.hook_post", "hook_resid_pre",
      "hook_resid_mid", "hook_resid_post",     "hook_attn_out", "hook_mlp_out",
      "attn.hook_z",    "attn.hook_pattern",   "hook_mlp_in",   "ln2.hook_normalized",
      "mlp.hook_in"};
  static_assert(std::size(kNames) == kNumQuantities);
  return kNames[static_cast<size_t>(quantity)];
}

std::optional<Quantity> quantity_of_site(std::string_view site) {
  const uint32_t layer = layer_of_site(site);
  for (size_t i = 0; i < kNumQuantities; ++i) {
    const auto quantity = static_cast<Quantity>(i);
    if (site == fmt::format("blocks.{}.{}", layer, hook_name(quantity))) return quantity;
  }
  return std::nullopt;
}

TensorTap tensor_tap(const Architecture& architecture, Quantity quantity, uint32_t layer,
                     const HasTensor& has_tensor) {
  switch (quantity) {
    case Quantity::hook_pre:
    case Quantity::hook_pre_linear:
      return mlp_projection(architecture, quantity, layer, has_tensor);
    case Quantity::hook_post:
      return {fmt::format("{}-{}", architecture.post, layer),
              architecture.mlp == Mlp::plain ? TensorOp::unary : TensorOp::glu};
    case Quantity::resid_pre:
      if (layer > 0) return last_tensor(layer - 1);
      return {std::string(architecture.embedding.name), architecture.embedding.op};
    case Quantity::resid_mid:
    case Quantity::mlp_in:  // where the MLP follows attention
      return {resid_mid(architecture, quantity, layer), TensorOp::add};
    case Quantity::resid_post:
      return last_tensor(layer);
    case Quantity::attn_out:
      return written("attn_output", "post_attention_norm", layer, has_tensor);
    case Quantity::mlp_out:
      return written("ffn_down", "post_ffw_norm", layer, has_tensor);
    case Quantity::hook_z:
      return {fmt::format("kqv_out-{}", layer), TensorOp::cont};
    case Quantity::hook_pattern:
      return {.tensor = fmt::format("kqv-{}", layer), .attention = true};
    case Quantity::mlp_hook_in:
      return normalized(architecture, quantity, layer);
    case Quantity::ln2_normalized:
      if (architecture.norm == MlpNorm::none) {
        fail(Code::unsupported, "models of architecture {} have no norm before the MLP, so no {}",
             architecture.name, hook_name(quantity));
      }
      if (architecture.norm != MlpNorm::rms) return normalized(architecture, quantity, layer);
      return {.tensor = resid_mid(architecture, quantity, layer),
              .op = TensorOp::rms_norm,
              .by_source = true};
  }
  fail(Code::invalid, "quantity {} is not known", static_cast<int>(quantity));
}

TensorTap last_tensor(uint32_t layer) { return {fmt::format("l_out-{}", layer), TensorOp::add}; }

}  // namespace actogram
