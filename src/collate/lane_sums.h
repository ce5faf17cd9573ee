// LaneSums: sixteen exact sums at once, for values that are mostly of ordinary size.
//
// A value is cut into multiples of 2^-20, of 2^-53 and, with three parts, of 2^-86, and each part
// is added in a float64 of its own, where a million such additions are exact. What does not fit,
// being 8,192 or more or having bits below the last part's, goes to the lane's ExactSum, one at a
// time. So the sums are ExactSum's to the bit, for a twentieth of its cost and a sixth of the
// memory to be touched; the lanes' ExactSums are made when the first value does not fit. Two parts
// hold all bits of most sums of float32, three those of powers of values around 0.01 and more.
#pragma once

#include <cstdint>
#include <iterator>
#include <vector>

#include "collate/lanes.h"
#include "core/exact_sum.h"

namespace actogram {

template <size_t kParts>
class LaneSums {
 public:
  // Adds lane by lane; [half]. Requires: finite.
  void add(const D8 (&values)[2]) {
    if (n_added_ == kMostAdditions) settle();
    ++n_added_;
    for (size_t half = 0; half < 2; ++half) {
      D8 parts[kParts], rest = values[half];
      for (size_t p = 0; p < kParts; ++p) {
        parts[p] = rounded(rest, kUnits[p]);
        rest -= parts[p];
      }
      const L8 fits = (rest == 0) & (values[half] > -kLimit) & (values[half] < kLimit);
      for (size_t p = 0; p < kParts; ++p) parts_[p][half] += where(fits, parts[p]);
      if (!all_set(fits)) [[unlikely]] {
        for (size_t i = 0; i < kHalf; ++i) {
          if (get_lane(fits, i) == 0) settled()[half * kHalf + i].add(get_lane(values[half], i));
        }
      }
    }
  }

  ExactSum sum(size_t unit) const {
    ExactSum sum = settled_.empty() ? ExactSum() : settled_[unit];
    for (const auto& part : parts_) sum.add(get_lane(part[unit / kHalf], unit % kHalf));
    return sum;
  }

  void restore(size_t unit, const ExactSum& sum) {
    for (auto& part : parts_) set_lane(part[unit / kHalf], unit % kHalf, 0);
    settled()[unit] = sum;
  }

 private:
  static constexpr double kLimit = 0x1p13;
  // The first part is below 2^33 of its unit, the others are at most 2^32 of theirs.
  static constexpr double kUnits[] = {0x1p-20, 0x1p-53, 0x1p-86};
  static_assert(kParts <= std::size(kUnits));
  static constexpr uint32_t kMostAdditions = 1U << 20;

  // To a multiple of `unit`, for values below 2^51 of them; a larger value is left to its test.
  static D8 rounded(const D8& values, double unit) {
    const double to_integer = 0x1.8p52 * unit;
    return (values + to_integer) - to_integer;
  }
  static D8 where(const L8& mask, const D8& values) {
    return bits_as<D8>(bits_as<L8>(values) & mask);
  }

  std::vector<ExactSum>& settled() {
    settled_.resize(kLanes);
    return settled_;
  }

  void settle() {
    for (size_t unit = 0; unit < kLanes; ++unit) restore(unit, sum(unit));
    n_added_ = 0;
  }

  D8 parts_[kParts][2] = {};  // [part, half]
  uint32_t n_added_ = 0;
  std::vector<ExactSum> settled_;  // [unit], or none
};

}  // namespace actogram
