// Where latents of an SAE write, and which write in the same direction.
#pragma once

#include <cstdint>
#include <vector>

#include "sae/sae.h"

namespace actogram {

// The row of W_dec of a latent, [d_out]. Error{invalid} if the file has no decoder.
std::vector<float> decoder_row(const Sae& sae, uint32_t latent);

// [latent]: the cosine of its row of W_dec with that of `latent`, summed in double; NaN where one
// of the two is zero. Reads the whole decoder. Error{invalid} if the file has none.
std::vector<double> decoder_cosines(const Sae& sae, uint32_t latent);

}  // namespace actogram
