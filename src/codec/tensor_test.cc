#include "codec/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "codec/golden_tensors_test.h"

namespace actogram {
namespace {

using testing::message_of;

constexpr uint64_t kHuge = uint64_t{1} << 63;

template <typename T>
TensorBytes owned(const std::vector<T>& numbers) {
  auto bytes = std::make_shared<std::vector<std::byte>>(numbers.size() * sizeof(T));
  std::memcpy(bytes->data(), numbers.data(), bytes->size());
  return {*bytes, bytes};
}

// IEEE 754-2008, 3.4, word for word.
float half_by_definition(uint16_t bits) {
  const int sign = bits >> 15 != 0 ? -1 : 1;
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction != 0 ? NAN : static_cast<float>(sign) * INFINITY;
  if (exponent == 0) return static_cast<float>(std::copysign(std::ldexp(fraction, -24), sign));
  return static_cast<float>(sign * std::ldexp(1024 + fraction, exponent - 25));
}

TEST(Tensor, EveryHalfIsTheNumberOfItsDefinition) {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  const auto found = to_floats(make_tensor(Dtype::f16, {65536}, {1}, 0, owned(all), "test"));
  for (size_t i = 0; i < all.size(); ++i) {
    const float expected = half_by_definition(all[i]);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(found[i])) << i;
    } else {
      EXPECT_EQ(found[i], expected) << i;
      EXPECT_EQ(std::signbit(found[i]), std::signbit(expected)) << i;
    }
  }
}

TEST(Tensor, RowsOfAnyViewAreItsElements) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const uint64_t rows = 1 + rng() % 200, columns = 1 + rng() % 200, step = 1 + rng() % 3;
    std::vector<float> numbers(rows * columns * step + 7);
    for (float& number : numbers) number = static_cast<float>(rng() % 1000);
    Tensor matrix = make_tensor(Dtype::f32, {rows, columns}, {columns * step, step}, rng() % 7,
                                owned(numbers), "test");
    if (rng() % 2 == 0) matrix = transposed(matrix);
    const std::vector<float> all = to_floats(matrix);
    const uint64_t width = matrix.shape[1], first = rng() % matrix.shape[0],
                   n = rng() % (matrix.shape[0] - first + 1), stride = width + rng() % 5;
    std::vector<float> found(n * stride + 1, -1);
    copy_rows(matrix, first, n, found.data(), stride);
    for (uint64_t r = 0; r < n; ++r) {
      for (uint64_t c = 0; c < stride; ++c) {
        EXPECT_EQ(found[r * stride + c], c < width ? all[(first + r) * width + c] : -1);
      }
    }
  }
}

TEST(Tensor, NothingOutsideTheBytesCanBeNamed) {
  const TensorBytes twelve = owned(std::vector<float>(12));
  const auto refused = [&](std::vector<uint64_t> shape, std::vector<uint64_t> strides,
                           uint64_t offset) {
    message_of(Code::corrupt,
               [&] { make_tensor(Dtype::f32, shape, strides, offset, twelve, "t.pt: w"); });
  };
  EXPECT_NO_THROW(make_tensor(Dtype::f32, {3, 4}, {4, 1}, 0, twelve, "t"));
  EXPECT_NO_THROW(make_tensor(Dtype::f32, {4, 3}, {1, 4}, 0, twelve, "t"));
  EXPECT_NO_THROW(make_tensor(Dtype::f32, {}, {}, 11, twelve, "t"));
  EXPECT_NO_THROW(make_tensor(Dtype::f32, {0, kHuge, kHuge}, {1, 1, 1}, kHuge, twelve, "t"));
  refused({13}, {1}, 0);
  refused({3, 4}, {4, 1}, 1);
  refused({3, 4}, {5, 1}, 0);
  refused({}, {}, 12);
  refused({2}, {1}, UINT64_MAX);
  refused({2}, {kHuge}, kHuge);
  refused({kHuge, 2}, {0, 0}, 0);
  refused({1000}, {0}, 0);  // one number seen a thousand times
  refused({3, 4}, {4}, 0);
  EXPECT_EQ(message_of(Code::corrupt,
                       [&] {
                         make_tensor(Dtype::f64, {3, 4}, {4, 1}, 0, twelve, "t.pt: w");
                       }),
            "t.pt: w: [3, 4] float64 does not fit in its 48 bytes");
  message_of(Code::corrupt, [] { row_major_strides({kHuge, 2, 2}, "t"); });
}

}  // namespace
}  // namespace actogram
