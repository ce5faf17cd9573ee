// An SAE of a recording, opened again to encode other text as it was encoded there.
#pragma once

#include "codec/json.h"
#include "record/recorded_sae.h"

namespace actogram {

// By what the manifest says of it: its weights where they lay then. Error{not_found} where they are
// no longer there, Error{invalid} where they are not those, or cannot be read as they were.
RecordedSae open_again(const Json& facts);

}  // namespace actogram
