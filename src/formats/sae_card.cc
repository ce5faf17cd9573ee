#include "formats/sae_card.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "formats/sae_tables_folder.h"
#include "store/layout.h"

namespace actogram {
namespace {

// The classes that hubs sort data sets into.
std::string size_category(uint64_t n) {
  constexpr std::array<std::pair<uint64_t, const char*>, 7> kSizes = {
      {{1'000, "n<1K"},
       {10'000, "1K<n<10K"},
       {100'000, "10K<n<100K"},
       {1'000'000, "100K<n<1M"},
       {10'000'000, "1M<n<10M"},
       {100'000'000, "10M<n<100M"},
       {1'000'000'000, "100M<n<1B"}}};
  for (const auto& [below, name] : kSizes) {
    if (n < below) return name;
  }
  return "n>1B";
}

std::string header(const SaeCard& card) {
  std::string text = "---\n";
  if (!card.license.empty()) text += fmt::format("license: {}\n", card.license);
  text += fmt::format(
      "task_categories:\n- feature-extraction\n"
      "tags:\n- sparse-autoencoder\n- sae\n- interpretability\n- activations\n"
      "size_categories:\n- {}\nconfigs:\n",
      size_category(card.n_events));
  // As in the published card; a table without a row is nobody's default.
  const std::string_view shown = card.n_explanations > 0 ? kExplanations : kFeatureActivations;
  for (const char* table :
       {kFeatureActivations, kPromptFeatures, kExplanationInputs, kExplanations}) {
    text += fmt::format("- config_name: {}\n", table);
    if (table == shown) text += "  default: true\n";
    text += fmt::format("  data_files:\n  - split: train\n    path: {}/*.parquet\n", table);
  }
  return text + "---\n";
}

std::string fact(const char* name, const std::string& value) {
  return value.empty() ? "" : fmt::format("- **{}**: {}\n", name, value);
}

std::string facts(const SaeCard& card) {
  const Manifest& manifest = card.manifest;
  const Json imported = manifest.provenance.value("imported", Json::object());
  const Json published = imported.value("card", Json::object());
  const std::string name = card.site.name.substr(card.site.name.find("sae:") + 4);
  const uint32_t width = manifest.options.value("width", 0U);
  std::string text = fact("Base model", manifest.model.value("name", ""));
  text += fact("SAE model", published.value("sae", name));
  text += fact("SAE", published.value("sae_description", ""));
  text += fact("Layer", fmt::format("{}", card.site.layer));
  text += fact("Latents", fmt::format("{}", card.site.n_units));
  if (width > 0) text += fact("Hidden dimension", fmt::format("{}", width));
  text += fact("Source corpus", published.value("source_corpus", ""));
  text += fact("Prompts", fmt::format("{}", card.n_prompts));
  text += fact("Events", fmt::format("{}", card.n_events));
  return text;
}

}  // namespace

std::string text_of(const SaeCard& card) {
  const bool published = card.manifest.files.contains(prompts_table().file);
  std::string text = header(card);
  text += fmt::format("\n# SAE feature activations, layer {}\n\n{}", card.site.layer, facts(card));
  text += fmt::format(
      "\n`{}` has a row for each token where a feature is not 0; `token_position` counts the\n"
      "tokens of a prompt from 0. `sae_representation` of `{}` is JSON, a list for each\n"
      "sampled position of `[feature, value]`; `activations_layer{}` is float32, row-major, a row\n"
      "for each sampled position. Both are compressed, zlib unless they were published "
      "otherwise.\n",
      kFeatureActivations, kPromptFeatures, card.site.layer);
  if (card.manifest.options.value("decomposed", "all") != "all") {
    text +=
        "\nOnly some tokens were decomposed: elsewhere a feature that is absent is unknown, not "
        "0.\n";
  }
  if (!published) {
    text += fmt::format(
        "\nThe model's own vectors were not kept: `activations_layer{}` is null.\n"
        "`{}` has the eight prompts where a feature is strongest.\n",
        card.site.layer, kExplanationInputs);
  }
  return text;
}

}  // namespace actogram
