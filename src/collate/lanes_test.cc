// Each operation against the same one on numbers, lane by lane.
#include "collate/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace actogram {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Floats = std::array<float, kLanes>;

Floats random_floats(std::mt19937& rng) {
  constexpr Floats kSome = {0, -0.0F, 1, -1, 2.5F, -2.5F, 1e30F, 1e-40F};
  Floats values;
  for (float& value : values) value = kSome[rng() % 8] + static_cast<float>(rng() % 3);
  return values;
}

F16 vector_of(const Floats& values) { return load<F16>(values.data()); }

template <typename V>
void expect_lanes(const V& found, const auto& expected_at) {
  for (size_t i = 0; i < sizeof(V) / sizeof(Scalar<V>); ++i) {
    const Scalar<V> expected = expected_at(i);
    EXPECT_EQ(get_lane(found, i), expected) << i;
    EXPECT_EQ(std::signbit(static_cast<double>(get_lane(found, i))),
              std::signbit(static_cast<double>(expected)))
        << i;
  }
}

TEST(Lanes, CalculateAsNumbersDo) {
  std::mt19937 rng(1);
  for (int round = 0; round < 200; ++round) {
    const Floats x = random_floats(rng), y = random_floats(rng);
    const F16 a = vector_of(x), b = vector_of(y);
    expect_lanes(a + b, [&](size_t i) { return x[i] + y[i]; });
    expect_lanes(a - b, [&](size_t i) { return x[i] - y[i]; });
    expect_lanes(a * b, [&](size_t i) { return x[i] * y[i]; });
    expect_lanes(a / 3.0F, [&](size_t i) { return x[i] / 3.0F; });
    expect_lanes(2.0F - a, [&](size_t i) { return 2.0F - x[i]; });
    expect_lanes(-a, [&](size_t i) { return -x[i]; });
    F16 sum = a;
    sum += b;
    sum -= a * b;
    expect_lanes(sum, [&](size_t i) { return x[i] + y[i] - x[i] * y[i]; });
  }
  expect_lanes(all_lanes<F16>(-0.0F), [](size_t) { return -0.0F; });
  expect_lanes(lane_numbers(), [](size_t i) { return static_cast<int32_t>(i); });
}

TEST(Lanes, MasksAreAllOnesWhereTheComparisonHolds) {
  std::mt19937 rng(2);
  const auto mask = [](bool holds) { return holds ? -1 : 0; };
  for (int round = 0; round < 200; ++round) {
    const Floats x = random_floats(rng), y = random_floats(rng);
    const F16 a = vector_of(x), b = vector_of(y);
    expect_lanes(a < b, [&](size_t i) { return mask(x[i] < y[i]); });
    expect_lanes(a > b, [&](size_t i) { return mask(x[i] > y[i]); });
    expect_lanes(a <= b, [&](size_t i) { return mask(x[i] <= y[i]); });
    expect_lanes(a >= b, [&](size_t i) { return mask(x[i] >= y[i]); });
    expect_lanes(a == b, [&](size_t i) { return mask(x[i] == y[i]); });
    I16 either = a < b;
    either |= a == 0;
    expect_lanes(either & (b > 0),
                 [&](size_t i) { return mask((x[i] < y[i] || x[i] == 0) && y[i] > 0); });
    const I16 less = a < b;
    expect_lanes(choose(less, a, b), [&](size_t i) { return x[i] < y[i] ? x[i] : y[i]; });
    expect_lanes(larger(a, b), [&](size_t i) { return x[i] > y[i] ? x[i] : y[i]; });
    expect_lanes(smaller(a, b), [&](size_t i) { return x[i] < y[i] ? x[i] : y[i]; });
    uint32_t bits = 0;
    for (size_t i = 0; i < kLanes; ++i) bits |= (x[i] < y[i] ? 1U : 0U) << i;
    EXPECT_EQ(bits_of(less), bits);
    EXPECT_EQ(all_set(less), bits == 0xffff);
    EXPECT_TRUE(all_set(less | (a >= b)));
    for (size_t which = 0; which < 2; ++which) {
      const D8 wide = widened(half(a, which));
      expect_lanes(wide, [&](size_t i) { return double{x[which * kHalf + i]}; });
      const L8 above = wide > 1;
      expect_lanes(above, [&](size_t i) { return int64_t{x[which * kHalf + i] > 1 ? -1 : 0}; });
      expect_lanes(choose(above, wide, -wide), [&](size_t i) {
        const double value = x[which * kHalf + i];
        return value > 1 ? value : -value;
      });
    }
  }
}

TEST(Lanes, BitsAndWholeNumbers) {
  Floats x;
  for (size_t i = 0; i < kLanes; ++i) x[i] = static_cast<float>(i) * 3 - 20;
  x[3] = kInfinity, x[7] = -kInfinity, x[11] = std::nanf("");
  const F16 a = vector_of(x);
  expect_lanes(bits_as<I16>(a), [&](size_t i) { return std::bit_cast<int32_t>(x[i]); });
  expect_lanes(not_finite(a), [&](size_t i) { return std::isfinite(x[i]) ? 0 : -1; });
  const I16 n = lane_numbers() - 5;
  expect_lanes(converted<F16>(n), [](size_t i) { return static_cast<float>(i) - 5; });
  expect_lanes(converted<I16>(converted<F16>(n)),
               [](size_t i) { return static_cast<int32_t>(i) - 5; });
  expect_lanes(lane_numbers() << 3, [](size_t i) { return static_cast<int32_t>(i) * 8; });
  expect_lanes(n >> 1, [](size_t i) { return (static_cast<int32_t>(i) - 5) >> 1; });
  F16 changed = a;
  set_lane(changed, 11, 4);
  EXPECT_EQ(get_lane(changed, 11), 4);
  EXPECT_EQ(get_lane(changed, 12), x[12]);
}

}  // namespace
}  // namespace actogram
