#include "model/site_plan.h"

#include <algorithm>
#include <set>

#include "actogram/error.h"
#include "model/llama_model.h"

namespace actogram {
namespace {

std::vector<uint32_t> wanted_layers(const LlamaModel& model, const LlamaSourceOptions& options) {
  std::set<uint32_t> layers(options.layers.begin(), options.layers.end());
  for (uint32_t layer = 0; options.layers.empty() && layer < model.info().n_layers; ++layer) {
    layers.insert(layer);
  }
  if (layers.empty()) fail(Code::corrupt, "{} has no layers", model.path().string());
  if (*layers.rbegin() >= model.info().n_layers) {
    fail(Code::invalid, "there is no layer {}: {} has layers 0 to {}", *layers.rbegin(),
         model.path().filename().string(), model.info().n_layers - 1);
  }
  return {layers.begin(), layers.end()};
}

void add_site(SitePlan& plan, const LlamaModel& model, const Architecture& architecture,
              Quantity quantity, uint32_t layer) {
  const TensorTap tap = tensor_tap(architecture, quantity, layer,
                                   [&](const std::string& name) { return model.has_tensor(name); });
  const uint32_t n_ff = model.n_ff(layer);
  if (n_ff == 0) fail(Code::unsupported, "layer {} of {} has no MLP", layer, model.info().name);
  const auto same = std::find_if(plan.tensors.begin(), plan.tensors.end(),
                                 [&](const TensorTap& t) { return t.tensor == tap.tensor; });
  const auto index = static_cast<size_t>(same - plan.tensors.begin());
  if (same == plan.tensors.end()) {
    plan.tensors.push_back(tap);
    plan.sites_of.emplace_back();
  }
  plan.sites_of[index].push_back({plan.sites.size(), tap.upper_half ? n_ff : size_t{0}});
  plan.sites.push_back(
      {fmt::format("blocks.{}.mlp.{}", layer, quantity_name(quantity)), layer, n_ff});
}

}  // namespace

SitePlan make_site_plan(const LlamaModel& model, const LlamaSourceOptions& options) {
  const Architecture& architecture = find_architecture(model.info().architecture);
  const std::vector<uint32_t> layers = wanted_layers(model, options);
  const std::set<Quantity> quantities(options.quantities.begin(), options.quantities.end());
  if (quantities.empty()) fail(Code::invalid, "nothing to record: no quantity is chosen");
  SitePlan plan;
  plan.last_layer = layers.back() + 1 == model.info().n_layers;
  for (const uint32_t layer : layers) {
    for (const Quantity quantity : quantities) add_site(plan, model, architecture, quantity, layer);
  }
  if (options.gates == LlamaSourceOptions::Gates::where_gated &&
      quantities == std::set{Quantity::hook_post}) {
    plan.gate_function = gate_function_of(architecture);
  }
  if (options.taps == LlamaSourceOptions::Taps::bare) {
    plan.tensors = {last_tensor(layers.back())};
    plan.sites_of = {{}};
  }
  return plan;
}

}  // namespace actogram
