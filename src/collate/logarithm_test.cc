#include "collate/logarithm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace actogram {
namespace {

TEST(Logarithm, IsThatOfTheStandardLibrary) {
  std::mt19937 rng(4);
  for (int round = 0; round < 2000; ++round) {
    F16 x;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float fraction = 1 + static_cast<float>(rng() % (1 << 23)) * 0x1p-23F;
      float value = std::ldexp(fraction, static_cast<int>(rng() % 250) - 125);
      if (lane == 0) value = 1 - static_cast<float>(rng() % 1000) * 0x1p-20F;
      set_lane(x, lane, value);
    }
    const F16 found = log_of(x);
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const double expected = std::log(double{get_lane(x, lane)});
      EXPECT_NEAR(get_lane(found, lane), expected, 2e-7 * std::abs(expected));
    }
  }
  EXPECT_EQ(get_lane(log_of(all_lanes<F16>(1)), 3), 0);
}

}  // namespace
}  // namespace actogram
