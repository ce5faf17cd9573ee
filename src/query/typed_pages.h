// What units do on a text that somebody typed, beside what the recording says of them: the JSON of
// docs/api.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/typed_text.h"
#include "query/document_views.h"

namespace actogram {

class Recording;

// The text of a request's body, {"text": "..."}. Error{invalid} where there is none.
std::string sent_text(std::string_view body);

// Thread-safe.
class TypedPages {
 public:
  explicit TypedPages(const Recording& recording);  // which outlives it

  // One unit: each sequence as an excerpt, at its highest value.
  std::string unit_json(const UnitAddress& unit, const TypedUnit& typed) const;

  // Of each kind the `limit` units that are strongest, by magnitude or by the share of what the
  // recording has as their extreme.
  std::string units_json(const TypedUnits& typed, FiringOrder order, size_t limit) const;

 private:
  const Recording& recording_;
};

}  // namespace actogram
