// An excerpt of a recording's text around a place.
#pragma once

#include "core/unit_record.h"
#include "query/excerpt.h"

namespace actogram {

class Recording;

// The text under the peak's window. Error{corrupt} if the recording has no such place.
Excerpt excerpt_of(const Recording& recording, const KeptPeak& peak);

}  // namespace actogram
