#include "formats/gluscope_card.h"

#include <fmt/format.h>

#include <vector>

#include "codec/json.h"
#include "formats/gluscope_schema.h"

namespace actogram {
namespace {

constexpr const char* kDefault = "default";

// One table of the data set, as the header describes it.
struct Config {
  std::string name;
  std::string folder;
  std::vector<std::pair<std::string, std::string>> features;  // name, type
  uint64_t n_rows = 0;
  uint64_t row_bytes = 0;  // in Arrow's memory
  uint64_t file_bytes = 0;
};

Config config_of(const ClassExport& classes, uint64_t n_rows) {
  Config config{kDefault,       kGluscopeData, {}, n_rows, gluscope_bytes_per_row(classes.n_listed),
                classes.n_bytes};
  for (const GluscopeColumn& column : gluscope_columns()) {
    config.features.emplace_back(column.name, card_type(column.kind));
  }
  return config;
}

Config config_of(const SampleExport& samples) {
  Config config{kGluscopeSamples,
                kGluscopeSamples,
                {},
                samples.n_rows,
                gluscope_sample_bytes(samples.n_samples, samples.gated),
                samples.n_bytes};
  for (const ColumnSpec& spec : gluscope_sample_specs(samples.gated)) {
    config.features.emplace_back(spec.name, card_type(spec.type));
  }
  return config;
}

std::string header(const std::vector<Config>& configs) {
  std::string info = "---\ndataset_info:\n", files = "configs:\n";
  const bool only_default = configs.size() == 1 && configs.front().name == kDefault;
  for (const Config& config : configs) {
    if (!only_default) info += fmt::format("- config_name: {}\n", config.name);
    info += "  features:\n";
    for (const auto& [name, type] : config.features) {
      info += fmt::format("  - name: {}\n    {}\n", name, type);
    }
    info += fmt::format(
        "  splits:\n  - name: train\n    num_bytes: {0}\n    num_examples: {1}\n"
        "  download_size: {2}\n  dataset_size: {0}\n",
        config.n_rows * config.row_bytes, config.n_rows, config.file_bytes);
    files +=
        fmt::format("- config_name: {}\n  data_files:\n  - split: train\n    path: {}/train-*\n",
                    config.name, config.folder);
  }
  return info + files + "tags:\n- interpretability\n- neuron\n---\n";
}

std::string about_classes(const ClassExport& classes) {
  return fmt::format(
      " `gate±_in±` are the signs of `hook_pre` "
      "and `hook_pre_linear`;\nfor each combination: `freq`, its share of all tokens; `mean`, over "
      "the tokens of that combination, NaN where there\nare none; `max_values` and `max_indices`, "
      "the {} sequences with the largest magnitude, where a value of 0 means\nthat there are no "
      "more. Definitions: GLUScope (arXiv 2602.23826).\n",
      classes.n_listed);
}

std::string about_samples(const SampleExport& samples) {
  return fmt::format(
      "\n`{}`: the values at one token of each of the first {} sequences, chosen at random; entry "
      "i "
      "of each list\nis of sequence i, at the position `sampled_positions[i]`.\n",
      kGluscopeSamples, samples.n_samples);
}

// Of a data set of others what its card says; of ours, what shapes the numbers.
std::string facts_text(const Manifest& manifest, std::optional<uint64_t> n_tokens, bool classes) {
  std::string text;
  if (manifest.holds == Holds::class_shares || manifest.holds == Holds::samples) {
    text += "Imported from a data set of others, whose card says how it was made; ";
    text += "`actogram/manifest.json` says which files.\n";
    for (const auto& [key, value] : manifest.provenance.at("imported").at("card").items()) {
      text += fmt::format("* `{}`: {}\n", key, value.get<std::string>());
    }
    return text;
  }
  Json facts = Json::object();
  if (classes) facts["gate_function"] = name_of(*manifest.gate_function);
  facts["refactor_glu"] = manifest.refactor_glu;
  if (classes) facts["classes_count_bos"] = manifest.collate.classes_count_bos;
  facts["model_sha256"] = manifest.model.value("sha256", "");
  facts["n_tokens"] = *n_tokens;
  facts["context"] = manifest.options.value("context", 0);
  facts["long_documents"] = manifest.options.value("long_documents", "");
  for (const auto& [name, value] : facts.items()) {
    text += fmt::format("* `{}`: {}\n", name, to_text(value));
  }
  if (!classes) return text;
  return text +
         "\nExact counts and sums, the position of every peak and what the weights say are in\n"
         "`actogram/places.parquet`, the recording's manifest beside it.\n";
}

}  // namespace

std::string gluscope_card(const Manifest& manifest, std::optional<uint64_t> n_tokens,
                          const std::optional<ClassExport>& classes,
                          const std::optional<SampleExport>& samples) {
  std::vector<Config> configs;
  if (classes) configs.push_back(config_of(*classes, manifest.n_units()));
  if (samples) configs.push_back(config_of(*samples));
  std::string text = header(configs);
  text += fmt::format("\n# Neuron activations of {}\n\nOne row a neuron of the {}MLPs{}.",
                      manifest.model.value("name", "an unnamed model"),
                      classes || samples->gated ? "gated " : "",
                      n_tokens ? fmt::format(", over {} tokens", *n_tokens) : "");
  text += classes ? about_classes(*classes) : "\n";
  if (samples) text += about_samples(*samples);
  return text + "\n" + facts_text(manifest, n_tokens, classes.has_value());
}

}  // namespace actogram
