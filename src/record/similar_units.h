// The units of a recording that write where another one does: latents of the same SAE by its
// decoder, whose weights must lie where they did when it was recorded; neurons of the same layer by
// w_out, as the model that a server runs has it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "actogram/types.h"

namespace actogram {

class LlamaModel;
class Recording;
class ReopenedSaes;

// The JSON of docs/api.md: the `limit` units with the highest cosine, or why none is known. A null
// `model`: that of neurons nothing is known, for the reason `why_no_model`.
std::string similar_json(const Recording& recording, ReopenedSaes& saes, const LlamaModel* model,
                         std::string_view why_no_model, const UnitAddress& unit, size_t limit);

}  // namespace actogram
