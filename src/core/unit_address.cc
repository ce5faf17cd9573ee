#include "core/unit_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "actogram/error.h"

namespace actogram {
namespace {

// Short forms. How to add one: a row; the layer goes where {} stands.
struct ShortForm {
  std::string_view suffix;  // "5.mlp" ends in ".mlp"
  std::string_view hook;    // what follows "blocks.5."
};
constexpr std::string_view kPattern = "attn.hook_pattern";
constexpr std::array kShortForms = {
    ShortForm{"mlp", "mlp.hook_post"},          ShortForm{"attn", kPattern},
    ShortForm{"resid_pre", "hook_resid_pre"},   ShortForm{"resid_mid", "hook_resid_mid"},
    ShortForm{"resid_post", "hook_resid_post"}, ShortForm{"attn_out", "hook_attn_out"},
    ShortForm{"mlp_out", "hook_mlp_out"},       ShortForm{"z", "attn.hook_z"},
    ShortForm{"mlp_in", "hook_mlp_in"},         ShortForm{"mlp.in", "mlp.hook_in"},
    ShortForm{"ln2", "ln2.hook_normalized"}};

constexpr std::string_view kSae = "/sae:";

std::optional<uint32_t> parse_number(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

}  // namespace

UnitAddress parse_unit_address(std::string_view text) {
  const size_t slash = text.rfind('/');
  const auto index = slash == text.npos ? std::nullopt : parse_number(text.substr(slash + 1));
  if (!index || slash == 0) {
    fail(Code::invalid, "'{}' is not a unit; write SITE/INDEX, for example 12.mlp/345", text);
  }
  return {full_site_name(text.substr(0, slash)), *index};
}

std::string full_site_name(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == text.npos || !parse_number(text.substr(0, dot))) return std::string(text);
  for (const ShortForm& form : kShortForms) {
    if (text.substr(dot + 1) == form.suffix) {
      return fmt::format("blocks.{}.{}", text.substr(0, dot), form.hook);
    }
  }
  return std::string(text);
}

std::string short_site_name(std::string_view site) {
  constexpr std::string_view kPrefix = "blocks.";
  if (!site.starts_with(kPrefix)) return std::string(site);
  if (const size_t sae = site.find(kSae); sae != site.npos) {
    return fmt::format("{}.sae:{}", layer_of_site(site), site.substr(sae + kSae.size()));
  }
  const std::string_view rest = site.substr(kPrefix.size());
  const size_t dot = rest.find('.');
  for (const ShortForm& form : kShortForms) {
    if (dot != rest.npos && rest.substr(dot + 1) == form.hook) {
      return fmt::format("{}.{}", rest.substr(0, dot), form.suffix);
    }
  }
  return std::string(site);
}

std::string from_neuronpedia(std::string_view text) {
  const size_t index = text.rfind('/');
  const size_t source = index == text.npos || index == 0 ? text.npos : text.rfind('/', index - 1);
  if (source != text.npos) {
    const std::string_view name = text.substr(source + 1, index - source - 1);
    const size_t dash = std::min(name.find('-'), name.size());
    const auto layer = parse_number(name.substr(0, dash));
    const std::string_view set = name.substr(std::min(dash + 1, name.size()));
    if (layer && parse_number(text.substr(index + 1))) {
      const bool neurons = set.empty() || set == "mlp";
      const std::string site = neurons ? "mlp" : set == "sae" ? "sae" : fmt::format("sae:{}", set);
      return fmt::format("{}.{}{}", *layer, site, text.substr(index));
    }
  }
  fail(Code::invalid, "'{}' is no address as Neuronpedia has them, MODEL/LAYER-SET/INDEX", text);
}

uint32_t layer_of_site(std::string_view site) {
  const size_t dot = site.find('.');
  if (dot == site.npos) return 0;
  const std::string_view rest = site.substr(dot + 1);
  return parse_number(rest.substr(0, rest.find('.'))).value_or(0);
}

std::string sae_site_name(std::string_view hook, std::string_view sae) {
  return fmt::format("{}{}{}", hook, kSae, sae);
}

bool is_sparse_site(std::string_view site) { return site.find(kSae) != site.npos; }

bool is_attention_site(std::string_view site) { return site.ends_with(kPattern); }

size_t find_site(std::span<const Site> sites, std::string_view name) {
  const std::string full = full_site_name(name);
  std::vector<size_t> found;
  std::string names;
  for (size_t s = 0; s < sites.size(); ++s) {
    if (sites[s].name == full) return s;
    const std::string brief = short_site_name(sites[s].name);
    const bool only_layer = is_sparse_site(sites[s].name) &&
                            full == fmt::format("{}.sae", layer_of_site(sites[s].name));
    if (brief == full || only_layer) found.push_back(s);
    names.append(names.empty() ? "" : ", ").append(brief);
  }
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    fail(Code::not_found, "no site {} in this recording; it has {}", short_site_name(name), names);
  }
  fail(Code::invalid, "{} may be {} or {}: write one of them", name,
       short_site_name(sites[found[0]].name), short_site_name(sites[found[1]].name));
}

}  // namespace actogram
