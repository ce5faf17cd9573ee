// The weights of a gated MLP, read from the model's file, as a few numbers for each neuron.
//
// Neurons go through in blocks, so that a layer of any size takes megabytes: a block's rows of
// w_gate and w_in, and its columns of w_out, are mapped, turned into float32 by ggml and given to
// core/neuron_weights.h. The result does not depend on the threads. Cost: a pass over the weights,
// some 6 ns for each of w_out's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "actogram/types.h"

namespace actogram {

class LlamaModel;

// [neuron]. Requires: the architecture has gates. Throws Error{corrupt} for a tensor that is
// missing, of another shape, or beyond the file's end; Error{unsupported} for a type that ggml
// cannot turn into float32.
std::vector<NeuronWeights> mlp_weights(const LlamaModel& model, uint32_t layer, size_t n_threads);

}  // namespace actogram
