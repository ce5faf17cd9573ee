// The second of GLUScope's data sets, NAME_sampled-activations: one row a neuron, with its values
// at one random token of each of the first texts.
//
//   column                        type
//   layer, neuron                 int64
//   sampled_positions             list of int64, one for each text; the same for every neuron
//   mlp.hook_post                 list of float32, one for each text
//   mlp.hook_pre                  likewise, of gated neurons
//   mlp.hook_pre_linear           likewise
//
// Source: github sjgerstner/gluscope, b_activations.py (random positions, seed 43, texts from the
// first on), whose results are published as data sets of their own. In our exports they lie beside
// the 50 columns, as a second configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "formats/published_neurons.h"
#include "store/sample_tables.h"

namespace actogram {

class Recording;

// The configuration, and the folder of its files.
inline constexpr const char* kGluscopeSamples = "sampled-activations";

std::vector<ColumnSpec> gluscope_sample_specs(bool gated);
// What the card calls num_bytes, of one row.
uint64_t gluscope_sample_bytes(size_t n_samples, bool gated);

struct SampleExport {
  uint64_t n_rows = 0;
  size_t n_samples = 0;
  bool gated = false;
  uint64_t n_bytes = 0;
};

// Writes a recording's samples to `path`. Error{invalid} where they are not of MLP neurons.
SampleExport export_gluscope_samples(const Recording& recording, GluSigns signs,
                                     const std::string& path, const ProgressFn& progress);

// Whether a Parquet file is of this data set rather than of the 50 columns.
bool is_gluscope_samples(const std::string& file);

class PublishedSamples {
 public:
  explicit PublishedSamples(const std::vector<std::string>& files);

  const PublishedNeurons& neurons() const { return data_; }

  // Writes samples.arrow and sample_places.arrow. `sign_of` a unit's row: -1 where the values have
  // been turned by refactor_glu and are to be the model's again. Error{corrupt} where lists differ
  // in length, or positions from neuron to neuron.
  StoredFiles write(const std::string& folder, const std::function<int32_t(uint64_t row)>& sign_of,
                    const ProgressFn& progress);

  const std::vector<uint32_t>& positions() const { return positions_; }  // after write()

 private:
  using Row = std::array<std::vector<float>, kNumSampledQuantities>;

  void read_row(const ParquetTableReader& batch, size_t i, Row& row);
  void check_positions(const ParquetTableReader& batch, size_t i);

  size_t n_quantities_;
  PublishedNeurons data_;
  std::vector<uint32_t> positions_;
};

}  // namespace actogram
