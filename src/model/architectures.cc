#include "model/architectures.h"

#include <algorithm>
#include <iterator>

#include "actogram/error.h"

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

std::string_view quantity_name(Quantity quantity) {
  static constexpr std::string_view kNames[] = {"hook_pre", "hook_pre_linear", "hook_post"};
  static_assert(std::size(kNames) == kNumQuantities);
  return kNames[static_cast<size_t>(quantity)];
}

TensorTap tensor_tap(const Architecture& architecture, Quantity quantity, uint32_t layer,
                     const HasTensor& has_tensor) {
  const Mlp mlp = architecture.mlp;
  if (quantity == Quantity::hook_post) {
    return {fmt::format("{}-{}", architecture.post, layer),
            mlp == Mlp::plain ? TensorOp::unary : TensorOp::glu};
  }
  const bool linear = quantity == Quantity::hook_pre_linear;
  if (linear && mlp == Mlp::plain) {
    fail(Code::unsupported, "an MLP of architecture '{}' has no gate, so it has no {}",
         architecture.name, quantity_name(quantity));
  }
  const bool from_up = linear || mlp != Mlp::gated;
  TensorTap tap = projection(from_up ? "ffn_up" : "ffn_gate", layer, has_tensor);
  tap.upper_half = linear && mlp == Mlp::fused;
  return tap;
}

TensorTap last_tensor(uint32_t layer) { return {fmt::format("l_out-{}", layer), TensorOp::add}; }

}  // namespace actogram
