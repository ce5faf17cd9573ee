// A gated neuron's weights as a few numbers: norms, cosines, and the sign of refactor_glu.
//
// The vectors are those of TransformerLens' default processing, which keeps the model's function
// and on which GLUScope and RW_functionalities compute (weight_processing.py, process_weights):
// the learned scale of the norm before the MLP is multiplied into w_gate and w_in; where that norm
// subtracts the mean (LayerNorm), w_in and w_out are centred, w_gate is not. Norms after the MLP
// stay where they are. Everything is in float64; the products of two float32 are exact.
#pragma once

#include <span>

#include "actogram/types.h"

namespace actogram {

struct MlpInputNorm {
  std::span<const float> scale = {};  // [embedding], or empty where there is none
  bool subtracts_mean = false;
};

// `gate`, `in` and `out` are [embedding]: w_gate, w_in and w_out as they are in the model.
NeuronWeights neuron_weights(std::span<const float> gate, std::span<const float> in,
                             std::span<const float> out, const MlpInputNorm& norm);

}  // namespace actogram
