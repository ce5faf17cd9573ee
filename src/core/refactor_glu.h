// refactor_glu: a gated neuron seen with w_in and w_out negated, where that makes w_gate . w_in
// positive.
//
// The model computes the same; hook_pre_linear and hook_post change sign, so the classes in+ and
// in- change places. hook_pre and swish do not change. Applying it twice is the identity.
// Source: GLUScope, --refactor-glu; github sjgerstner/TransformerLens, weight_processing.py.
#pragma once

#include <vector>

#include "actogram/types.h"
#include "core/class_record.h"

namespace actogram {

// The classes of a neuron with this sign; those of sign 1 stay as they are. Requires: all four.
void refactor_glu(std::vector<ClassRecord>& classes, int32_t sign);

// The weights as they are then: the same norms, cos_gate_in >= 0. The sign still tells what was
// done.
NeuronWeights refactor_glu(NeuronWeights weights);

}  // namespace actogram
