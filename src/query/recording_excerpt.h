// An excerpt of a recording's text around a place.
#pragma once

#include "core/unit_record.h"
#include "query/excerpt.h"
#include "store/corpus_tables.h"

namespace actogram {

class Recording;

// The text under the peak's window. Error{corrupt} if the recording has no such place.
Excerpt excerpt_of(const Recording& recording, const KeptPeak& peak);

// The same without its pieces, and what they are made of.
struct ExcerptSource {
  Excerpt frame;
  DocumentRow document;
  TokenColumns tokens;  // of the window; may lie in `room`
};
ExcerptSource source_of(const Recording& recording, const KeptPeak& peak, TokenRoom& room);

}  // namespace actogram
