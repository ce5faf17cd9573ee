#include "query/neuron_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/refactor_glu.h"
#include "core/rw_class.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Sites of the wanted layers.
std::vector<bool> wanted_sites(const Manifest& manifest, std::span<const uint32_t> layers) {
  std::vector<bool> wanted;
  const auto sites = manifest.token_sites();
  for (const Site& site : sites) {
    wanted.push_back(layers.empty() || std::ranges::find(layers, site.layer) != layers.end());
  }
  for (const uint32_t layer : layers) {
    if (std::ranges::find(sites, layer, &Site::layer) != sites.end()) continue;
    std::string known;
    for (const Site& site : sites) {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", site.layer);
    }
    fail(Code::not_found, "no layer {} in this recording; it has {}", layer, known);
  }
  return wanted;
}

void add_activity(const std::vector<ClassFacts>& classes, NeuronRow& row) {
  if (classes.empty()) return;
  double frequency = 0, mean_magnitude = 0;
  for (size_t c = 0; c < classes.size(); ++c) {
    if (gate_is_positive(c)) frequency += classes[c].share;
    if (classes[c].share > 0)
      mean_magnitude += classes[c].share * std::abs(classes[c].means[kPost]);
  }
  row.values[kFrequency] = frequency;
  row.values[kMeanOutputNorm] = mean_magnitude * row.values[kNormOut];
}

void add_weights(const NeuronWeights& weights, NeuronRow& row) {
  row.values[kCosGateIn] = weights.cos_gate_in;
  row.values[kCosGateOut] = weights.cos_gate_out;
  row.values[kCosInOut] = weights.cos_in_out;
  row.values[kNormGate] = weights.norm_gate;
  row.values[kNormIn] = weights.norm_in;
  row.values[kNormOut] = weights.norm_out;
  row.values[kNormInOut] = weights.norm_in * weights.norm_out;
  row.rw_class = rw_class(weights);
}

}  // namespace

NeuronTable neuron_table(const std::string& path, std::span<const uint32_t> layers) {
  const Recording recording(path);
  const Manifest& manifest = recording.manifest();
  NeuronTable table{.n_tokens = recording.n_tokens(),
                    .has_sign_classes = recording.has_classes(),
                    .has_weights = manifest.has_weights()};
  if (!table.has_sign_classes && !table.has_weights) {
    fail(Code::invalid, "{}: neither sign classes nor weights: record a gated model", path);
  }
  const std::vector<bool> wanted = wanted_sites(manifest, layers);
  // Either signs give the same activity; those that need no weights are always known.
  const bool foreign = manifest.holds == Holds::class_shares;
  const GluSigns signs = foreign ? GluSigns::recorded : GluSigns::model;
  uint64_t unit_row = 0;
  for (size_t s = 0; s < manifest.token_sites().size(); ++s) {
    const Site& site = manifest.sites[s];
    for (uint32_t unit = 0; unit < site.n_units; ++unit, ++unit_row) {
      if (!wanted[s]) continue;
      NeuronRow row{.layer = site.layer, .neuron = unit};
      row.values.fill(kNaN);
      if (const auto weights = recording.weights(unit_row))
        add_weights(refactor_glu(*weights), row);
      add_activity(recording.classes(unit_row, signs), row);
      table.rows.push_back(row);
    }
  }
  return table;
}

void sort_neurons(NeuronTable& table, std::string_view column, Order order) {
  const auto found = std::ranges::find(kNeuronColumnNames, column);
  if (found == kNeuronColumnNames.end() && column != "class") {
    fail(Code::invalid, "there is no column {}: write one of {}, class", column,
         fmt::join(kNeuronColumnNames, ", "));
  }
  const auto key = [&](const NeuronRow& row) {
    const double value = found == kNeuronColumnNames.end()
                             ? static_cast<double>(row.rw_class.value_or(kRwClassNames.size()))
                             : row.values[static_cast<size_t>(found - kNeuronColumnNames.begin())];
    if (std::isnan(value)) return HUGE_VAL;
    return order == Order::smallest_first ? value : -value;
  };
  std::ranges::stable_sort(table.rows, {}, key);
}

std::string to_csv(const NeuronTable& table, size_t n) {
  std::string text = fmt::format("layer,neuron,{},class\n", fmt::join(kNeuronColumnNames, ","));
  for (size_t i = 0; i < std::min(n, table.rows.size()); ++i) {
    const NeuronRow& row = table.rows[i];
    text += fmt::format("{},{}", row.layer, row.neuron);
    for (const double value : row.values) {
      text += std::isnan(value) ? "," : fmt::format(",{}", value);
    }
    text += fmt::format(",{}\n", row.rw_class ? kRwClassNames[*row.rw_class] : "");
  }
  return text;
}

}  // namespace actogram
