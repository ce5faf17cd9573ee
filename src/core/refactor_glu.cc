#include "core/refactor_glu.h"

#include <cassert>
#include <utility>

namespace actogram {

void refactor_glu(std::vector<ClassRecord>& classes, int32_t sign) {
  assert(classes.size() == kNumSignClasses);
  if (sign > 0) return;
  std::swap(classes[0], classes[1]);  // gate+_in+ and gate+_in-
  std::swap(classes[2], classes[3]);
  for (ClassRecord& record : classes) {
    for (const size_t quantity : {kPost, kPreLinear}) {
      record.sums[quantity].negate();
      for (ClassPeak& peak : record.peaks[quantity]) peak.value = -peak.value;
    }
  }
}

NeuronWeights refactor_glu(NeuronWeights weights) {
  weights.cos_gate_in *= weights.sign;
  weights.cos_gate_out *= weights.sign;
  return weights;
}

}  // namespace actogram
