// Which latents of an SAE write in the same direction.
#pragma once

#include <cstdint>
#include <vector>

#include "sae/sae.h"

namespace actogram {

// [latent]: the cosine of its row of W_dec with that of `latent`, summed in double; NaN where one
// of the two is zero. Reads the whole decoder. Error{invalid} if the file has none.
std::vector<double> decoder_cosines(const Sae& sae, uint32_t latent);

}  // namespace actogram
