#include "query/neuron_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "codec/json.h"

namespace actogram {
namespace {

using Rows = std::vector<const NeuronRow*>;

using Edges = std::array<double, LayerStatistics::kBins + 1>;

// `n` bins of one width from 0 to `end`, and the rest of them up to `most`.
Edges make_edges(double end, size_t n, double most) {
  Edges edges;
  edges.fill(most);
  for (size_t i = 0; i <= n; ++i) {
    edges[i] = end * static_cast<double>(i) / static_cast<double>(n);
  }
  return edges;
}

Edges edges_of_norms(const NeuronTable& table) {
  constexpr double kQuantile = 0.99;
  std::vector<double> norms;
  for (const NeuronRow& row : table.rows) {
    const double norm = row.values[kMeanOutputNorm];
    if (std::isfinite(norm)) norms.push_back(norm);
  }
  std::ranges::sort(norms);
  if (norms.empty() || norms.back() == 0) return make_edges(1, LayerStatistics::kBins, 1);
  const auto rank = static_cast<size_t>(kQuantile * static_cast<double>(norms.size() - 1));
  return make_edges(norms[rank], LayerStatistics::kBins - 1, norms.back());
}

// The last bin whose lower edge the value reaches.
size_t bin_of(double value, const Edges& edges) {
  const auto above = std::upper_bound(edges.begin() + 1, edges.end() - 1, value);
  return static_cast<size_t>(above - edges.begin()) - 1;
}

LayerStatistics layer_statistics(uint32_t layer, const Rows& rows, const NeuronStatistics& all) {
  LayerStatistics statistics{.layer = layer, .n_neurons = rows.size()};
  for (const NeuronRow* row : rows) {
    if (row->rw_class) ++statistics.rw_classes[*row->rw_class];
    for (size_t a = 0; a < kActivityColumns.size(); ++a) {
      const double value = row->values[kActivityColumns[a]];
      statistics.means[a] += value / static_cast<double>(rows.size());
      if (std::isfinite(value)) ++statistics.counts[a][bin_of(value, all.edges[a])];
    }
  }
  return statistics;
}

std::vector<double> column_of(const Rows& rows, NeuronColumn column) {
  std::vector<double> values;
  for (const NeuronRow* row : rows) values.push_back(row->values[column]);
  return values;
}

void add_correlations(std::optional<uint32_t> layer, const Rows& rows, NeuronStatistics& into) {
  for (const NeuronColumn activity : kActivityColumns) {
    const std::vector<double> y = column_of(rows, activity);
    for (const NeuronColumn weight : kWeightColumns) {
      into.correlations.push_back({layer, weight, activity, correlate(column_of(rows, weight), y)});
    }
  }
}

Json row_json(const NeuronRow& row) {
  Json json = {{"layer", row.layer}, {"neuron", row.neuron}};
  for (size_t c = 0; c < row.values.size(); ++c) {
    json[std::string(kNeuronColumnNames[c])] = row.values[c];
  }
  json["class"] = row.rw_class ? Json(kRwClassNames[*row.rw_class]) : Json();
  return json;
}

Json layer_json(const LayerStatistics& layer, const NeuronTable& table) {
  Json json = {{"layer", layer.layer}, {"n_neurons", layer.n_neurons}};
  for (size_t a = 0; a < kActivityColumns.size(); ++a) {
    json[std::string(kNeuronColumnNames[kActivityColumns[a]])] = {{"mean", layer.means[a]},
                                                                  {"counts", layer.counts[a]}};
  }
  Json classes = Json::object();
  for (size_t c = 0; c < kRwClassNames.size(); ++c) {
    classes[std::string(kRwClassNames[c])] = layer.rw_classes[c];
  }
  json["classes"] = table.has_weights ? std::move(classes) : Json();
  return json;
}

Json correlation_json(const NeuronCorrelation& found) {
  return {{"layer", found.layer ? Json(*found.layer) : Json()},
          {"weight", kNeuronColumnNames[found.weight]},
          {"activity", kNeuronColumnNames[found.activity]},
          {"n", found.correlation.n},
          {"r", found.correlation.r},
          {"p", found.correlation.p}};
}

}  // namespace

NeuronStatistics statistics_of(const NeuronTable& table) {
  NeuronStatistics statistics;
  static_assert(kActivityColumns[0] == kFrequency && kActivityColumns[1] == kMeanOutputNorm);
  statistics.edges = {make_edges(1, LayerStatistics::kBins, 1), edges_of_norms(table)};
  std::map<uint32_t, Rows> by_layer;
  Rows all;
  for (const NeuronRow& row : table.rows) {
    by_layer[row.layer].push_back(&row);
    all.push_back(&row);
  }
  for (const auto& [layer, rows] : by_layer) {
    statistics.layers.push_back(layer_statistics(layer, rows, statistics));
    if (table.has_weights && table.has_sign_classes) add_correlations(layer, rows, statistics);
  }
  if (!statistics.correlations.empty() && by_layer.size() > 1) {
    add_correlations({}, all, statistics);
  }
  return statistics;
}

std::string to_json_text(const NeuronTable& table, const NeuronStatistics& statistics, size_t n) {
  Json neurons = Json::array(), layers = Json::array(), correlations = Json::array();
  for (size_t i = 0; i < std::min(n, table.rows.size()); ++i) {
    neurons.push_back(row_json(table.rows[i]));
  }
  for (const LayerStatistics& layer : statistics.layers) layers.push_back(layer_json(layer, table));
  for (const NeuronCorrelation& c : statistics.correlations) {
    correlations.push_back(correlation_json(c));
  }
  Json edges = Json::object();
  for (size_t a = 0; a < kActivityColumns.size(); ++a) {
    edges[std::string(kNeuronColumnNames[kActivityColumns[a]])] = statistics.edges[a];
  }
  return to_text(Json{{"n_tokens", table.n_tokens ? Json(*table.n_tokens) : Json()},
                      {"n_neurons", table.rows.size()},
                      {"has_sign_classes", table.has_sign_classes},
                      {"has_weights", table.has_weights},
                      {"neurons", std::move(neurons)},
                      {"edges", std::move(edges)},
                      {"layers", std::move(layers)},
                      {"correlations", std::move(correlations)}});
}

}  // namespace actogram
