// A unit as the Transformer Debugger names it (NeuronId): a layer, and an index there.
#pragma once

#include <compare>
#include <cstdint>

namespace actogram {

struct TdbUnit {
  uint32_t layer = 0;
  uint32_t index = 0;

  auto operator<=>(const TdbUnit&) const = default;
};

}  // namespace actogram
