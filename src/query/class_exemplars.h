// Text for each sign class of a gated neuron: the places where its value has the largest magnitude
// within the class. Only the places are stored with a class, so the values around them are those
// that the unit's kept windows happen to cover; the others are NaN.
#pragma once

#include <span>
#include <vector>

#include "core/class_facts.h"
#include "core/unit_record.h"
#include "query/excerpt.h"

namespace actogram {

class Recording;

// [sign class][at most n], of hook_post. `sign` is what the windows, which have the model's signs,
// are multiplied by to have those of the classes: -1 where refactor_glu negates the unit. Where a
// place is not known (of an import), there is none.
std::vector<std::vector<Excerpt>> class_exemplars(const Recording& recording,
                                                  const UnitRecord& unit, float sign,
                                                  std::span<const ClassFacts> classes, size_t n);

}  // namespace actogram
