// The values of a unit that its kept windows happen to cover. Of a neuron nothing else is known at
// a token; where no window reaches, the value stays as it is (NaN, as a rule).
#pragma once

#include <cstdint>
#include <span>

#include "core/unit_record.h"

namespace actogram {

// Fills in `values`, which are of the positions from `begin` on. `sign` multiplies what the windows
// have.
void fill_from_windows(const UnitRecord& unit, uint32_t sequence, uint32_t begin, float sign,
                       std::span<float> values);

}  // namespace actogram
