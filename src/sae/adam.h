// Adam (Kingma and Ba 2015) for one row of parameters at a time.
//
//   m := beta1 m + (1 - beta1) g          v := beta2 v + (1 - beta2) g^2
//   p := p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
//
// In float32, operation by operation as PyTorch does it; t counts from 1.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

namespace actogram {

// What Gao et al. (2024) use: a small epsilon, since gradients of rare latents are small.
struct AdamStep {
  static constexpr double kBeta1 = 0.9, kBeta2 = 0.999;
  static constexpr float kEpsilon = 6.25e-10F;

  AdamStep(uint64_t t, double learning_rate)
      : step_size(
            static_cast<float>(learning_rate / (1 - std::pow(kBeta1, static_cast<double>(t))))),
        root(static_cast<float>(std::sqrt(1 - std::pow(kBeta2, static_cast<double>(t))))) {}

  float step_size;
  float root;  // sqrt(1 - beta2^t)
};

struct AdamRow {
  std::span<float> parameters, m, v;

  void update(std::span<const float> gradient, const AdamStep& step) const {
    constexpr auto kKeep1 = static_cast<float>(AdamStep::kBeta1);
    constexpr auto kKeep2 = static_cast<float>(AdamStep::kBeta2);
    constexpr auto kTake1 = static_cast<float>(1 - AdamStep::kBeta1);
    constexpr auto kTake2 = static_cast<float>(1 - AdamStep::kBeta2);
    float* const p = parameters.data();
    float* const first = m.data();
    float* const second = v.data();
    for (size_t i = 0; i < gradient.size(); ++i) {
      first[i] = kKeep1 * first[i] + kTake1 * gradient[i];
      second[i] = kKeep2 * second[i] + kTake2 * gradient[i] * gradient[i];
      p[i] -= step.step_size * first[i] / (std::sqrt(second[i]) / step.root + AdamStep::kEpsilon);
    }
  }
};

}  // namespace actogram
