// The values of one unit over sequences, whatever its kind: of a sparse one all that are known, of
// a dense one those in its kept windows. Elsewhere NaN.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actogram/types.h"
#include "query/unit_reader.h"
#include "store/recording.h"
#include "store/sparse_units.h"

namespace actogram {

class UnitValues {
 public:
  // Both must outlive this.
  UnitValues(const Recording& recording, const UnitReader& reader, const UnitAddress& address);

  std::vector<float> over(uint32_t sequence) const;  // [position]
  // The sequences in which any value is known, ascending.
  std::vector<uint32_t> known_sequences() const;

 private:
  void fill_from_events(uint64_t first, std::vector<float>& values) const;

  const Recording& recording_;
  size_t site_ = 0;
  std::optional<EventsOfUnit> events_;  // of a sparse unit
  UnitRead read_;                       // of a dense one
};

}  // namespace actogram
