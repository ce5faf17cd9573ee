// What a gated neuron does to the direction that it reads: the classes of reading and writing.
//
// Each cosine counts as 1 above 0.5, as -1 below -0.5, and as 0 in between. The class is that of
// in-out and of the magnitude of gate-out; it is atypical where gate-in is not their product,
// unless both are 0. The sign of refactor_glu does not matter.
// Source: Gerstner and Schütze, arXiv 2505.17936; github sjgerstner/RW_functionalities,
// weight_analysis_utils/utils.py, whose names these are.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "actogram/types.h"

namespace actogram {

inline constexpr std::array<std::string_view, 11> kRwClassNames = {
    "strengthening",
    "atypical strengthening",
    "conditional strengthening",
    "atypical conditional strengthening",
    "proportional change",
    "atypical proportional change",
    "orthogonal output",
    "weakening",
    "atypical weakening",
    "conditional weakening",
    "atypical conditional weakening",
};

// An index into kRwClassNames.
size_t rw_class(const NeuronWeights& weights);

}  // namespace actogram
