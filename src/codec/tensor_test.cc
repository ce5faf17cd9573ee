#include "codec/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
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

// Of every half itself and its two neighbours in float32, which no half equals.
TEST(Tensor, AHalfIsFoundWhereThereIsOne) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float number = half_by_definition(static_cast<uint16_t>(bits));
    if (std::isnan(number)) {
      EXPECT_EQ(exact_half(number), std::nullopt) << bits;
      continue;
    }
    EXPECT_EQ(exact_half(number), static_cast<uint16_t>(bits)) << bits;
    EXPECT_EQ(exact_half(std::nextafter(number, 1e30F)), std::nullopt) << bits;
    EXPECT_EQ(exact_half(std::nextafter(number, -1e30F)), std::nullopt) << bits;
  }
  EXPECT_EQ(exact_half(65536), std::nullopt);
  EXPECT_EQ(exact_half(0x1p-25F), std::nullopt);
  EXPECT_EQ(exact_half(0x1.8p-24F), std::nullopt);
}

template <typename T>
void expect_integers(Dtype dtype, std::mt19937_64& random) {
  SCOPED_TRACE(name_of(dtype));
  std::vector<T> numbers(12);
  for (T& number : numbers) number = static_cast<T>(random());
  numbers[5] = std::numeric_limits<T>::max(), numbers[6] = std::numeric_limits<T>::min();
  const Tensor matrix = make_tensor(dtype, {4, 3}, {3, 1}, 0, owned(numbers), "test");
  EXPECT_TRUE(is_integer(dtype));
  int64_t found[6], turned[6];
  copy_integers(matrix, 1, 2, found);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(found[i], static_cast<int64_t>(numbers[3 + i])) << i;
  copy_integers(transposed(matrix), 0, 1, turned);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(turned[i], static_cast<int64_t>(numbers[3 * i])) << i;
}

TEST(Tensor, IntegersKeepAllTheirBits) {
  std::mt19937_64 random(3);
  expect_integers<int64_t>(Dtype::i64, random);
  expect_integers<int32_t>(Dtype::i32, random);
  expect_integers<int16_t>(Dtype::i16, random);
  expect_integers<int8_t>(Dtype::i8, random);
  expect_integers<uint64_t>(Dtype::u64, random);
  expect_integers<uint32_t>(Dtype::u32, random);
  expect_integers<uint16_t>(Dtype::u16, random);
  expect_integers<uint8_t>(Dtype::u8, random);
  for (const Dtype dtype : {Dtype::f64, Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::boolean}) {
    EXPECT_FALSE(is_integer(dtype)) << name_of(dtype);
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
