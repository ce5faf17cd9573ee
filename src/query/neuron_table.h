// Gated neurons as researchers tabulate them: how often the gate is open, how much the neuron
// writes, what its weights say, and what it does to the direction that it reads.
//
// Weights are those of refactor_glu, so cos_gate_in is not negative. Definitions are those of
// github sjgerstner/RW_functionalities (freqs.py, weight_analysis_utils). What a recording cannot
// tell is NaN: frequency needs sign classes, everything else weights, mean_output_norm both.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actogram {

enum NeuronColumn : size_t {
  kFrequency,       // share of the corpus's tokens with hook_pre > 0
  kMeanOutputNorm,  // sum over sign classes of share * |mean hook_post|, times norm_out
  kCosGateIn,
  kCosGateOut,
  kCosInOut,
  kNormGate,
  kNormIn,
  kNormOut,
  kNormInOut,  // norm_in * norm_out
};
inline constexpr std::array<std::string_view, kNormInOut + 1> kNeuronColumnNames = {
    "frequency", "mean_output_norm", "cos_gate_in", "cos_gate_out", "cos_in_out",
    "norm_gate", "norm_in",          "norm_out",    "norm_in_out"};

struct NeuronRow {
  uint32_t layer = 0;
  uint32_t neuron = 0;
  std::array<double, kNeuronColumnNames.size()> values = {};
  std::optional<size_t> rw_class = {};  // index into kRwClassNames
};

struct NeuronTable {
  std::optional<uint64_t> n_tokens = {};  // none where a data set of others does not say
  bool has_sign_classes = false;
  bool has_weights = false;
  std::vector<NeuronRow> rows = {};  // layer by layer
};

// Of these layers, or of all where none is named. Error{invalid} where the recording has neither
// sign classes nor weights, Error{not_found} for a layer that it lacks.
NeuronTable neuron_table(const std::string& recording, std::span<const uint32_t> layers);

enum class Order : uint8_t { largest_first, smallest_first };

// By a column, or by "class"; NaN comes last, equals stay in their order. Error{invalid} for
// another word.
void sort_neurons(NeuronTable& table, std::string_view column, Order order);

// A header and the first `n` rows; an empty field is NaN.
std::string to_csv(const NeuronTable& table, size_t n);

}  // namespace actogram
