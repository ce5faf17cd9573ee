// A table of gated neurons in numbers: for each layer histograms of how active neurons are and the
// classes that they belong to, and how activity goes with the weights, per layer and over all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/correlation.h"
#include "core/rw_class.h"
#include "query/neuron_table.h"

namespace actogram {

// The columns that are put in histograms and compared with the weights.
inline constexpr std::array kActivityColumns = {kFrequency, kMeanOutputNorm};
inline constexpr std::array kWeightColumns = {kCosInOut, kCosGateOut, kCosGateIn, kNormGate,
                                              kNormInOut};

struct LayerStatistics {
  static constexpr size_t kBins = 20;

  uint32_t layer = 0;
  uint64_t n_neurons = 0;
  std::array<double, kActivityColumns.size()> means = {};  // NaN where a column is
  std::array<std::array<uint64_t, kBins>, kActivityColumns.size()> counts = {};
  std::array<uint64_t, kRwClassNames.size()> rw_classes = {};
};

struct NeuronCorrelation {
  std::optional<uint32_t> layer;  // none: over all
  NeuronColumn weight = kCosInOut;
  NeuronColumn activity = kFrequency;
  Correlation correlation;
};

struct NeuronStatistics {
  // Of all layers alike. Frequencies: 20 bins from 0 to 1. Output norms, a few of which are huge:
  // 19 bins from 0 to the 99th percentile, and one up to the largest. The last holds its upper
  // edge.
  std::array<std::array<double, LayerStatistics::kBins + 1>, kActivityColumns.size()> edges = {};
  std::vector<LayerStatistics> layers;          // ascending
  std::vector<NeuronCorrelation> correlations;  // layer by layer, then over all
};

NeuronStatistics statistics_of(const NeuronTable& table);

// Everything, with the first `n` rows of the table.
std::string to_json_text(const NeuronTable& table, const NeuronStatistics& statistics, size_t n);

}  // namespace actogram
