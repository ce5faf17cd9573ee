// The four sign classes of a gated neuron, and what a recording keeps of each.
//
// A gated neuron multiplies act(gate) with a linear input, "in". The signs of the two split its
// tokens into four classes in which it may do quite different things. A token where gate or in is
// exactly zero, or where a value is not finite, belongs to none.
// Source: GLUScope (Gerstner and Schütze 2026, arXiv 2602.23826), b_activations.py and utils.py;
// names and order are those of its data sets.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "core/exact_sum.h"

namespace actogram {

inline constexpr size_t kNumSignClasses = 4;
inline constexpr std::array<std::string_view, kNumSignClasses> kSignClassNames = {
    "gate+_in+", "gate+_in-", "gate-_in+", "gate-_in-"};
inline constexpr bool gate_is_positive(size_t sign_class) { return sign_class < 2; }

// What is measured in a class. With x the MLP's input: hook_pre = W_gate x, hook_pre_linear =
// W_in x, swish = act(hook_pre) whatever the model's act is, hook_post = swish * hook_pre_linear.
enum GatedQuantity : uint8_t { kPost, kPreLinear, kPre, kSwish };
inline constexpr size_t kNumGatedQuantities = 4;
inline constexpr std::array<std::string_view, kNumGatedQuantities> kGatedQuantityNames = {
    "hook_post", "hook_pre_linear", "hook_pre", "swish"};

// swish rises with the gate where that is positive, so its list would be that of hook_pre.
inline constexpr bool has_peaks(size_t sign_class, size_t quantity) {
  return quantity != kSwish || !gate_is_positive(sign_class);
}

// The place where a sequence has the largest magnitude within the class.
struct ClassPeak {
  Place at;
  float value = 0;  // signed; never zero

  bool operator==(const ClassPeak&) const = default;
};

// Larger magnitude first; of equals the earlier place.
inline bool ranks_before(const ClassPeak& a, const ClassPeak& b) {
  const float x = std::fabs(a.value), y = std::fabs(b.value);
  return x != y ? x > y : a.at < b.at;
}

struct ClassRecord {
  uint64_t count = 0;                                             // tokens
  std::array<ExactSum, kNumGatedQuantities> sums;                 // of their values
  std::array<std::vector<ClassPeak>, kNumGatedQuantities> peaks;  // one a sequence, best first

  double mean(size_t quantity) const {  // NaN where the class is empty
    return count == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : sums[quantity].value() / static_cast<double>(count);
  }
  bool operator==(const ClassRecord&) const = default;
};

}  // namespace actogram
