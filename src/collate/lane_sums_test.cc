// Against ExactSum, bit for bit: values of every size, signs that cancel, more additions than a
// float64 holds apart.
#include "collate/lane_sums.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <random>

namespace actogram {
namespace {

double random_value(std::mt19937_64& rng) {
  const int kind = static_cast<int>(rng() % 8);
  const double sign = rng() % 2 ? 1 : -1;
  const double unit = std::uniform_real_distribution<double>(0, 1)(rng);
  switch (kind) {
    case 0:
      return 0;
    case 1:
      return sign * std::ldexp(unit, static_cast<int>(rng() % 300) - 150);
    case 2:
      return sign * (8192 + std::ldexp(unit - 0.5, static_cast<int>(rng() % 40) - 30));
    case 3:
      return sign * 8 * double{FLT_MAX} * unit;
    default:
      return sign * static_cast<double>(static_cast<float>(unit)) * 20;
  }
}

template <size_t kParts>
void expect_exact_sums() {
  for (unsigned seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    LaneSums<kParts> sums;
    std::array<ExactSum, kLanes> expected;
    for (size_t n = rng() % 500; n > 0; --n) {
      D8 values[2] = {};
      for (size_t lane = 0; lane < kLanes; ++lane) {
        const double value = random_value(rng);
        set_lane(values[lane / kHalf], lane % kHalf, value);
        expected[lane].add(value);
      }
      sums.add(values);
      if (rng() % 50 == 0) {
        const size_t lane = rng() % kLanes;
        sums.restore(lane, sums.sum(lane));
      }
    }
    for (size_t lane = 0; lane < kLanes; ++lane) EXPECT_EQ(sums.sum(lane), expected[lane]);
  }
}

TEST(LaneSums, AreExactSumsToTheBit) {
  expect_exact_sums<2>();
  expect_exact_sums<3>();
}

// high - low, which leaves the part it falls into as full as can be.
template <size_t kParts>
void expect_exact_over_millions(double high, double low) {
  LaneSums<kParts> sums;
  const double most = high - low;
  const D8 values[2] = {all_lanes<D8>(most), all_lanes<D8>(-most)};
  constexpr uint64_t kAdditions = (uint64_t{5} << 20) + 3;
  for (uint64_t i = 0; i < kAdditions; ++i) sums.add(values);
  ExactSum expected;  // kAdditions * most, as sums of exact doubles
  expected.add(static_cast<double>(kAdditions) * high);
  expected.add(static_cast<double>(kAdditions) * -low);
  EXPECT_EQ(sums.sum(0), expected);
  EXPECT_EQ(sums.sum(15).value(), -expected.value());
}

TEST(LaneSums, StayExactOverMillionsOfAdditions) {
  expect_exact_over_millions<2>(0x1p13, 0x1p-40);  // as large as fits, with the most of small bits
  expect_exact_over_millions<2>(0x1p-21, 0x1p-53);
  expect_exact_over_millions<3>(0x1p13, 0x1p-40);
  expect_exact_over_millions<3>(0x1p-54, 0x1p-86);
}

}  // namespace
}  // namespace actogram
