#include "core/neuron_weights.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace actogram {
namespace {

double mean_of(std::span<const float> values, std::span<const float> scale) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += double{values[i]} * (scale.empty() ? 1.0 : double{scale[i]});
  }
  return sum / static_cast<double>(values.size());
}

// NaN where a norm is 0, as 0 / 0.
double cosine(double dot, double norm_a, double norm_b) {
  return std::clamp(dot / norm_a / norm_b, -1.0, 1.0);
}

}  // namespace

NeuronWeights neuron_weights(std::span<const float> gate, std::span<const float> in,
                             std::span<const float> out, const MlpInputNorm& norm) {
  assert(in.size() == gate.size() && out.size() == gate.size());
  assert(norm.scale.empty() || norm.scale.size() == gate.size());
  const double in_mean = norm.subtracts_mean ? mean_of(in, norm.scale) : 0;
  const double out_mean = norm.subtracts_mean ? mean_of(out, {}) : 0;
  double gate_gate = 0, in_in = 0, out_out = 0, gate_in = 0, gate_out = 0, in_out = 0;
  for (size_t i = 0; i < gate.size(); ++i) {
    const double scale = norm.scale.empty() ? 1 : double{norm.scale[i]};
    const double g = double{gate[i]} * scale;
    const double n = double{in[i]} * scale - in_mean;
    const double o = double{out[i]} - out_mean;
    gate_gate += g * g, in_in += n * n, out_out += o * o;
    gate_in += g * n, gate_out += g * o, in_out += n * o;
  }
  NeuronWeights weights{.norm_gate = std::sqrt(gate_gate),
                        .norm_in = std::sqrt(in_in),
                        .norm_out = std::sqrt(out_out)};
  weights.cos_gate_in = cosine(gate_in, weights.norm_gate, weights.norm_in);
  weights.cos_gate_out = cosine(gate_out, weights.norm_gate, weights.norm_out);
  weights.cos_in_out = cosine(in_out, weights.norm_in, weights.norm_out);
  weights.sign = gate_in < 0 ? -1 : 1;
  return weights;
}

}  // namespace actogram
