#include "model/site_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "actogram/error.h"
#include "core/unit_address.h"
#include "model/attention_weights.h"
#include "model/llama_model.h"

namespace actogram {
namespace {

void check_layer(const LlamaModel& model, uint32_t layer) {
  if (layer < model.info().n_layers) return;
  fail(Code::invalid, "there is no layer {}: {} has layers 0 to {}", layer,
       model.path().filename().string(), model.info().n_layers - 1);
}

std::vector<uint32_t> wanted_layers(const LlamaModel& model, const LlamaSourceOptions& options) {
  std::set<uint32_t> layers(options.layers.begin(), options.layers.end());
  for (uint32_t layer = 0; options.layers.empty() && layer < model.info().n_layers; ++layer) {
    layers.insert(layer);
  }
  if (layers.empty()) fail(Code::corrupt, "{} has no layers", model.path().string());
  check_layer(model, *layers.rbegin());
  return {layers.begin(), layers.end()};
}

using Wanted = std::set<std::pair<uint32_t, Quantity>>;  // by layer, then quantity

Wanted by_layers(const LlamaModel& model, const LlamaSourceOptions& options) {
  if (options.quantities.empty()) {
    fail(Code::invalid, "nothing to record: no quantity is chosen");
  }
  Wanted wanted;
  for (const uint32_t layer : wanted_layers(model, options)) {
    for (const Quantity quantity : options.quantities) wanted.emplace(layer, quantity);
  }
  return wanted;
}

[[noreturn]] void fail_site(const std::string& name) {
  std::string list;
  for (size_t i = 0; i < kNumQuantities; ++i) {
    const auto quantity = static_cast<Quantity>(i);
    if (quantity == Quantity::hook_pattern) continue;  // of pairs of tokens
    list.append(list.empty() ? "" : ", ").append(hook_name(quantity));
  }
  fail(Code::invalid, "'{}' is no site that can be read; after blocks.N. come {}", name, list);
}

Wanted by_names(const LlamaModel& model, const std::vector<std::string>& names) {
  Wanted wanted;
  for (const std::string& name : names) {
    const uint32_t layer = layer_of_site(name);
    const auto quantity = quantity_of_site(name);
    if (!quantity) fail_site(name);
    check_layer(model, layer);
    wanted.emplace(layer, *quantity);
  }
  return wanted;
}

bool is_parallel(const LlamaModel& model, const Architecture& architecture) {
  if (architecture.parallel) return true;
  const std::string key = model.info().architecture + ".use_parallel_residual";
  return std::ranges::any_of(model.info().metadata, [&](const auto& entry) {
    return entry.first == key && entry.second == "true";
  });
}

uint32_t width_of(const LlamaModel& model, const Architecture& architecture, Quantity quantity,
                  uint32_t layer) {
  if (quantity <= Quantity::hook_post) {
    if (model.n_ff(layer) == 0) {
      fail(Code::unsupported, "layer {} of {} has no MLP", layer, model.info().name);
    }
    return model.n_ff(layer);
  }
  if (quantity == Quantity::hook_z) {
    const auto* output = model.find_tensor(fmt::format("blk.{}.attn_output.weight", layer));
    if (output == nullptr || output->shape.empty()) {
      fail(Code::unsupported, "layer {} of {} has no attention", layer, model.info().name);
    }
    return static_cast<uint32_t>(output->shape[0]);
  }
  if (quantity == Quantity::hook_pattern) return attention_shape(model, layer).n_heads;
  if (quantity == Quantity::resid_mid && is_parallel(model, architecture)) {
    fail(Code::unsupported,
         "layer {} of {}: attention and MLP both read the layer's input, so it has no {}", layer,
         model.info().name, hook_name(quantity));
  }
  return model.info().n_embd;
}

void add_site(SitePlan& plan, const LlamaModel& model, const Architecture& architecture,
              Quantity quantity, uint32_t layer) {
  const uint32_t width = width_of(model, architecture, quantity, layer);
  const bool from_start = quantity == Quantity::mlp_in && is_parallel(model, architecture);
  const TensorTap tap = tensor_tap(architecture, from_start ? Quantity::resid_pre : quantity, layer,
                                   [&](const std::string& name) { return model.has_tensor(name); });
  const auto same = std::ranges::find_if(plan.tensors, [&](const TensorTap& t) {
    return t.tensor == tap.tensor && t.by_source == tap.by_source;
  });
  const auto index = static_cast<size_t>(same - plan.tensors.begin());
  if (same == plan.tensors.end()) {
    plan.tensors.push_back(tap);
    plan.sites_of.emplace_back();
  }
  plan.sites_of[index].push_back({plan.sites.size(), tap.upper_half ? width : size_t{0}});
  plan.sites.push_back({fmt::format("blocks.{}.{}", layer, hook_name(quantity)), layer, width});
}

}  // namespace

SitePlan make_site_plan(const LlamaModel& model, const LlamaSourceOptions& options) {
  const Architecture& architecture = find_architecture(model.info().architecture);
  const Wanted wanted =
      options.sites.empty() ? by_layers(model, options) : by_names(model, options.sites);
  const uint32_t last = wanted.rbegin()->first;
  SitePlan plan;
  plan.last_layer = last + 1 == model.info().n_layers;
  for (const auto& [layer, quantity] : wanted) {
    add_site(plan, model, architecture, quantity, layer);
  }
  const bool posts = std::ranges::any_of(
      wanted, [](const auto& site) { return site.second == Quantity::hook_post; });
  if (options.gates == LlamaSourceOptions::Gates::where_gated && posts) {
    plan.gate_function = gate_function_of(architecture);
  }
  if (options.taps == LlamaSourceOptions::Taps::bare) {
    plan.tensors = {last_tensor(last)};
    plan.sites_of = {{}};
  }
  return plan;
}

}  // namespace actogram
