// A JSON schema as a grammar in GBNF, with which llama.cpp keeps a model to it.
#pragma once

#include <string>

#include "codec/json.h"

namespace actogram {

// Its rule `root` is all values that the schema allows, with at most one space after a comma or a
// colon, and members in the schema's order. Of schemas it knows what our prompts use: `enum`; type
// string and integer; array with `items` and as many of them as minItems and maxItems say, which
// are equal; object with `properties`, all of them required. Error{unsupported} for anything else.
std::string json_grammar(const Json& schema);

}  // namespace actogram
