// What happens to the model's values before they meet the encoder: x' - pre_bias (sae.h).
#pragma once

#include <span>

#include "sae/sae.h"

namespace actogram {

// Returns false, and zeros in `out`, where the result is not finite: because
// the row is not, or has no length to be divided by.
bool prepare_row(const Sae& sae, std::span<const float> row, std::span<float> out);

// By how much a direction of the row counts in it, the length that a norm divides by taken as
// given: of layer_norm 1 / (std + 1e-5), of constant_norm sqrt(width) / |x|.
float input_factor(const Sae& sae, std::span<const float> row);

}  // namespace actogram
