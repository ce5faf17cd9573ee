// Where unit values come from: llama.cpp, arrays that a caller hands over, or the fake model.
//
// The recorder packs whole sequences into a batch and asks the source to run it; the source calls
// back once per site with a matrix of values. It never learns what is done with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "actogram/types.h"

namespace actogram {

// The values of one site for one batch. Valid only inside the callback.
struct SiteValues {
  size_t site = 0;                // index into ActivationSource::sites()
  const float* values = nullptr;  // [row, unit], `row_stride` floats from row to row
  size_t n_rows = 0;
  size_t row_stride = 0;
  std::span<const uint32_t> first_row;  // [sequence of the batch]; its tokens are the rows after it

  // What a gated MLP's hook_post was made of, if the source has a gate_function(): [row, unit],
  // `gate_stride` floats from row to row.
  const float* gate = nullptr;    // hook_pre
  const float* linear = nullptr;  // hook_pre_linear
  size_t gate_stride = 0;

  const float* row(size_t i) const { return values + i * row_stride; }
};

class ActivationSource {
 public:
  virtual ~ActivationSource() = default;

  virtual const std::vector<Site>& sites() const = 0;

  // How many rows one batch may have, and how many of them a sequence of `n_tokens` takes
  // (llama.cpp pads each sequence so that its values do not depend on its batch mates).
  virtual size_t batch_rows() const = 0;
  virtual size_t rows_of(size_t n_tokens) const { return n_tokens; }

  // Set if the MLPs are gated, and each hook_post comes with its gate and linear values.
  virtual std::optional<GateFunction> gate_function() const { return std::nullopt; }

  // Of every neuron of the site, what its weights say; empty where that is not known. May take as
  // long as reading the site's weights.
  virtual std::vector<NeuronWeights> neuron_weights([[maybe_unused]] size_t site) { return {}; }

  // The longest sequence the model can read.
  virtual size_t max_context() const = 0;

  using Sink = std::function<void(const SiteValues&)>;

  // Runs one batch: each element is the token ids of one sequence, none empty. Calls `sink` once
  // for every site, on the calling thread, and rethrows what the sink throws.
  virtual void run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) = 0;
};

}  // namespace actogram
