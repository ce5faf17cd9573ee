#include "core/rw_class.h"

#include <cstdlib>

namespace actogram {
namespace {

constexpr double kThreshold = 0.5;

int rounded(double cosine) { return cosine > kThreshold ? 1 : cosine < -kThreshold ? -1 : 0; }

}  // namespace

size_t rw_class(const NeuronWeights& weights) {
  const int in_out = rounded(weights.cos_in_out), gate_out = rounded(weights.cos_gate_out);
  if (in_out == 0 && gate_out == 0) return 6;
  constexpr size_t kFirst[] = {7, 4, 0};  // weakening, proportional change, strengthening
  const size_t conditional = gate_out == 0 ? 2 : 0;
  const size_t atypical = rounded(weights.cos_gate_in) == in_out * gate_out ? 0 : 1;
  return kFirst[in_out + 1] + conditional + atypical;
}

}  // namespace actogram
