#include "explain/levels.h"

#include <gtest/gtest.h>

#include <limits>

namespace actogram {
namespace {

TEST(Levels, TenIsTheHighestAlone) {
  EXPECT_EQ(level_of(2, 2), 10);
  EXPECT_EQ(level_of(1.999f, 2), 9);
  EXPECT_EQ(level_of(0.2f, 2), 1);
  EXPECT_EQ(level_of(0.19f, 2), 0);
  EXPECT_EQ(level_of(3, 2), 10) << "above what was called the highest";
}

TEST(Levels, NegativesAreZeroAndTheUnknownIsNone) {
  EXPECT_EQ(level_of(-5, 2), 0);
  EXPECT_EQ(level_of(1, 0), 0);
  EXPECT_EQ(level_of(1, -1), 0);
  EXPECT_EQ(level_of(std::numeric_limits<float>::quiet_NaN(), 2), std::nullopt);
  EXPECT_EQ(levels_of(std::vector<float>{0, 1, 2}, 2), (std::vector<Level>{0, 5, 10}));
}

}  // namespace
}  // namespace actogram
