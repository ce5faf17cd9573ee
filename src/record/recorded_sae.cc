#include "record/recorded_sae.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "base/hash.h"
#include "core/unit_address.h"
#include "record/sae_facts.h"

namespace actogram {
namespace {

constexpr std::string_view kExample = "sae/weights.safetensors@19.resid_post,kind=top_k,k=32";

template <typename T>
T number(std::string_view key, std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  fail(Code::invalid, "--sae: {}={} is not a number that it can be", key, text);
}

SaeOptions::Kind kind_of(std::string_view text) {
  std::string words;
  for (const auto& [word, kind] : kSaeKindWords) {
    if (word == text) return kind;
    words.append(words.empty() ? "" : ", ").append(word);
  }
  fail(Code::invalid, "--sae: kind={}: write one of {}", text, words);
}

void set(SaeSpec& spec, std::string_view key, std::string_view value) {
  if (key == "name") {
    spec.name = value;
  } else if (key == "kind") {
    spec.options.kind = kind_of(value);
  } else if (key == "k") {
    spec.options.k = number<uint32_t>(key, value);
  } else if (key == "threshold") {
    spec.options.threshold = number<float>(key, value);
  } else if (key == "input_scale") {
    spec.options.input_scale = number<float>(key, value);
  } else if (key == "fold_decoder_norm" && value == "true") {
    spec.options.decoder_norm = SaeOptions::DecoderNorm::fold;
  } else {
    fail(Code::invalid, "--sae: {}={} is not known; for example: {}", key, value, kExample);
  }
}

// What a person would call the weights: the file without its ending, or the folder.
std::string name_of_weights(const std::string& weights) {
  auto path = std::filesystem::path(weights).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::string name =
      std::filesystem::is_directory(path) ? path.filename().string() : path.stem().string();
  std::ranges::replace(name, ':', '_');
  return name;
}

void check_name(const std::string& name) {
  if (!name.empty() && name.find_first_of("/:,@") == name.npos) return;
  fail(Code::invalid, "--sae: '{}' cannot be a name: it must not be empty or hold / : , @", name);
}

RecordedSae open(const SaeSpec& spec) {
  RecordedSae opened{.sae = open_sae(spec.weights, spec.options)};
  const Sae& sae = opened.sae;
  if (sae.site.empty()) {
    fail(Code::invalid, "{}: where it reads the model is not told; write {}@19.resid_post",
         spec.weights, spec.weights);
  }
  check_finite(sae);
  const std::string name = spec.name.empty() ? name_of_weights(spec.weights) : spec.name;
  check_name(name);
  opened.hook = sae.site;
  opened.site = {sae_site_name(sae.site, name), layer_of_site(sae.site), sae.n_latents};
  opened.facts = {{"site", opened.site.name},
                  {"name", name},
                  {"hook", opened.hook},
                  {"weights", spec.weights},
                  {"sha256", sha256_of(sae.file->text())}};
  Json facts = sae_json(sae);
  facts.erase("site");
  opened.facts.update(facts);
  return opened;
}

}  // namespace

SaeSpec parse_sae_spec(std::string_view text) {
  SaeSpec spec;
  const size_t at = text.rfind('@');
  const size_t comma = text.find(',', at == text.npos ? 0 : at);
  spec.weights = text.substr(0, std::min(at, comma));
  if (at != text.npos) {
    spec.options.site =
        full_site_name(text.substr(at + 1, comma == text.npos ? comma : comma - at - 1));
  }
  if (spec.weights.empty() || (at != text.npos && spec.options.site.empty())) {
    fail(Code::invalid, "--sae {}: write WEIGHTS@SITE, for example {}", text, kExample);
  }
  for (size_t begin = comma; begin != text.npos;) {
    const size_t end = text.find(',', begin + 1);
    const std::string_view pair = text.substr(begin + 1, end == text.npos ? end : end - begin - 1);
    const size_t equals = pair.find('=');
    set(spec, pair.substr(0, equals), equals == pair.npos ? "" : pair.substr(equals + 1));
    begin = end;
  }
  return spec;
}

std::vector<RecordedSae> open_saes(const std::vector<SaeSpec>& specs) {
  std::vector<RecordedSae> opened;
  std::set<std::string> names;
  for (const SaeSpec& spec : specs) {
    opened.push_back(open(spec));
    const std::string name = short_site_name(opened.back().site.name);
    if (names.insert(name).second) continue;
    fail(Code::invalid, "{}: another SAE is {} already; give one of them a name: {},name=other",
         spec.weights, name, spec.weights);
  }
  return opened;
}

void check_sae_site(const std::string& site, const std::string& what) {
  if (!is_attention_site(site)) return;
  fail(
      Code::invalid,
      "{}: {} has a value for each pair of tokens, and an SAE reads a vector a token; of attention "
      "{}.attn_out and {}.z have one",
      what, site, layer_of_site(site), layer_of_site(site));
}

size_t source_site_of(const RecordedSae& recorded, const std::vector<Site>& sites) {
  check_sae_site(recorded.hook, recorded.sae.path);
  const auto found = std::ranges::find(sites, recorded.hook, &Site::name);
  if (found == sites.end()) {
    fail(Code::invalid, "{}: reads {}, which is not a site of this source", recorded.sae.path,
         recorded.hook);
  }
  check_width(recorded.sae, found->name, found->n_units);
  return static_cast<size_t>(found - sites.begin());
}

}  // namespace actogram
