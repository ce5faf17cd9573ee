#include "core/module_names.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace actogram {
namespace {

// What follows the layer's number. Of several modules at one hook the first is written.
struct Part {
  std::string_view module;
  std::string_view output;
  std::string_view input = "";
};
constexpr std::array kParts = {
    Part{"", ".hook_resid_post", ".hook_resid_pre"}, Part{".mlp", ".hook_mlp_out", ".mlp.hook_in"},
    Part{".self_attn", ".hook_attn_out"}, Part{".attn", ".hook_attn_out"},
    Part{".attention", ".hook_attn_out"}};

constexpr std::string_view kEmbedding = "embed_tokens", kEmbeddingHook = "hook_embed";

struct InLayer {
  uint32_t layer = 0;
  std::string_view rest;
};

// "layers.10.mlp" -> 10 and ".mlp"
std::optional<InLayer> in_layer(std::string_view name, std::string_view begin) {
  if (!name.starts_with(begin)) return std::nullopt;
  name.remove_prefix(begin.size());
  InLayer found;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), found.layer);
  if (error != std::errc()) return std::nullopt;
  found.rest = name.substr(static_cast<size_t>(end - name.data()));
  return found;
}

std::string hook_of(std::string_view module, std::string_view Part::*side) {
  for (const std::string_view begin : {"layers.", "h."}) {
    const auto found = in_layer(module, begin);
    if (!found) continue;
    for (const Part& part : kParts) {
      if (found->rest != part.module || (part.*side).empty()) continue;
      return fmt::format("blocks.{}{}", found->layer, part.*side);
    }
  }
  return "";
}

}  // namespace

std::string hook_of_module(std::string_view module) {
  if (module == kEmbedding) return std::string(kEmbeddingHook);
  return hook_of(module, &Part::output);
}

std::string input_of_module(std::string_view module) { return hook_of(module, &Part::input); }

std::string module_of_hook(std::string_view hook) {
  if (hook == kEmbeddingHook) return std::string(kEmbedding);
  const auto found = in_layer(hook, "blocks.");
  if (!found) return "";
  for (const Part& part : kParts) {
    if (found->rest == part.output) return fmt::format("layers.{}{}", found->layer, part.module);
  }
  return "";
}

}  // namespace actogram
