// What more than one page shows, as the JSON of docs/api.md.
#pragma once

#include "codec/json.h"
#include "query/excerpt.h"

namespace actogram {

Json to_json(const Piece& piece);
Json to_json(const Excerpt& excerpt);

}  // namespace actogram
