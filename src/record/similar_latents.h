// The latents of a recording that write where another one does, by the decoder of their SAE, whose
// weights must lie where they did when it was recorded.
#pragma once

#include <cstddef>
#include <string>

#include "actogram/types.h"

namespace actogram {

class ReopenedSaes;

// The JSON of docs/api.md: the `limit` latents with the highest cosine, or why none is known.
// Error{invalid} where the unit is no latent.
std::string similar_json(ReopenedSaes& saes, const UnitAddress& unit, size_t limit);

}  // namespace actogram
