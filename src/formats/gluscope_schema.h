// The 50 columns of GLUScope's data sets, sjgerstner/OLMo-7B-0424-hf_neuron-activations and its
// like: one row a neuron, and for each sign class its frequency and, of each quantity, the mean and
// the rows of the text data set with the largest magnitude.
//
// Source: the card of that data set, and github sjgerstner/gluscope, summary_dict_to_hf_dataset.py.
#pragma once

#include <string>
#include <vector>

#include "codec/parquet_table_reader.h"
#include "core/class_record.h"
#include "store/manifest.h"

namespace actogram {

// What a column holds; layer and neuron have no class, a frequency has no quantity.
struct GluscopeColumn {
  enum class Kind { layer, neuron, frequency, max_values, max_indices, mean };
  std::string name;
  Kind kind;
  size_t sign_class = 0;
  size_t quantity = 0;
};

// In the published order.
const std::vector<GluscopeColumn>& gluscope_columns();
std::vector<ColumnSpec> gluscope_column_specs();
// For reading. A null mean is that of an empty class, NaN; a null in a list is no example, a value
// of 0.
std::vector<ParquetColumn> gluscope_column_readers();

// Our sidecar, actogram/places.parquet: row for row what those columns have no room for.
struct GluscopePlace {
  enum class Kind { layer, neuron, count, sums, positions, weight, sign };
  ColumnSpec spec;
  Kind kind;
  size_t sign_class = 0;
  size_t quantity = 0;
  size_t number = 0;  // of kWeightNumbers
};
// Weights are in it where the recording with this manifest has them.
const std::vector<GluscopePlace>& gluscope_places(const Manifest& manifest);
std::vector<ColumnSpec> gluscope_place_specs(const Manifest& manifest);
std::vector<ParquetColumn> gluscope_place_readers(const Manifest& manifest);

// Where the parts of a data set are in its folder.
inline constexpr const char* kGluscopeData = "data";
inline constexpr const char* kGluscopeShard = "train-00000-of-00001.parquet";
inline constexpr const char* kGluscopePlaces = "actogram/places.parquet";
inline constexpr const char* kGluscopeManifest = "actogram/manifest.json";

// As Hugging Face's data-set cards write it: "int64", "list: float32".
std::string card_type(GluscopeColumn::Kind kind);
std::string card_type(ColumnType type);

// What the card calls num_bytes: the size of the rows in Arrow's memory, all lists `n_kept` long.
uint64_t gluscope_bytes_per_row(size_t n_kept);

}  // namespace actogram
