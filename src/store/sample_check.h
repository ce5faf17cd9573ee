// Whether the samples of a recording agree with its other tables: `actogram check`.
#pragma once

#include <string>
#include <vector>

namespace actogram {

class Recording;

// The first problems, each a sentence; none where every unit has a value for every place, places
// are where the sequences' keys draw them (of an import: in the sequence), and values lie between
// the unit's extremes. Requires: recording.samples().
std::vector<std::string> problems_of_samples(const Recording& recording);

}  // namespace actogram
