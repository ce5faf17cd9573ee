// Which neurons of a layer write in the same direction, read from the model's file.
#pragma once

#include <cstdint>
#include <vector>

namespace actogram {

class LlamaModel;

// [neuron]: the cosine of its column of w_out with that of `neuron`, summed in double; NaN where
// one of the two is zero. Gated or not; what a norm after the block does (Gemma 2 and 3, OLMo 2)
// has no part. Reads the whole matrix, row by row. Error{invalid} for a neuron that the layer does
// not have; throws what FileMatrix throws.
std::vector<double> w_out_cosines(const LlamaModel& model, uint32_t layer, uint32_t neuron);

}  // namespace actogram
