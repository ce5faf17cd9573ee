#include "codec/tensor.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <concepts>
#include <cstring>
#include <iterator>

#include "actogram/error.h"

namespace actogram {
namespace {

struct DtypeRow {
  size_t size;
  std::string_view name;
};
constexpr DtypeRow kDtypes[] = {{8, "float64"}, {4, "float32"}, {2, "float16"}, {2, "bfloat16"},
                                {8, "int64"},   {4, "int32"},   {2, "int16"},   {1, "int8"},
                                {8, "uint64"},  {4, "uint32"},  {2, "uint16"},  {1, "uint8"},
                                {1, "bool"}};
static_assert(std::size(kDtypes) == kNumDtypes);
static_assert(std::endian::native == std::endian::little, "files are little-endian, as read here");

struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};

// IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits; exponent 0 is subnormal.
float to_float(Half half) {
  const uint32_t sign = uint32_t{half.bits & 0x8000u} << 16;
  const uint32_t exponent = half.bits >> 10 & 0x1f;
  const uint32_t fraction = half.bits & 0x3ff;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t wide = exponent == 0x1f ? 0xff : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

// bfloat16 is the upper half of a float32.
float to_float(Brain brain) { return std::bit_cast<float>(uint32_t{brain.bits} << 16); }

template <typename T>
float to_float(T number) {
  return static_cast<float>(number);
}

template <typename T>
float element(const std::byte* at) {
  T number;
  std::memcpy(&number, at, sizeof(number));
  return to_float(number);
}

// Calls `body` with a value of the C++ type that `dtype` is stored as.
template <typename Body>
void with_type(Dtype dtype, const Body& body) {
  switch (dtype) {
    case Dtype::f64:
      return body(double{});
    case Dtype::f32:
      return body(float{});
    case Dtype::f16:
      return body(Half{});
    case Dtype::bf16:
      return body(Brain{});
    case Dtype::i64:
      return body(int64_t{});
    case Dtype::i32:
      return body(int32_t{});
    case Dtype::i16:
      return body(int16_t{});
    case Dtype::i8:
      return body(int8_t{});
    case Dtype::u64:
      return body(uint64_t{});
    case Dtype::u32:
      return body(uint32_t{});
    case Dtype::u16:
      return body(uint16_t{});
    case Dtype::u8:
    case Dtype::boolean:
      return body(uint8_t{});
  }
}

[[noreturn]] void fail_size(const std::vector<uint64_t>& shape, Dtype dtype, uint64_t n_bytes,
                            const std::string& what) {
  fail(Code::corrupt, "{}: {} {} does not fit in its {} bytes", what, shape_text(shape),
       name_of(dtype), n_bytes);
}

// Neither product nor sum of claims may wrap around.
bool multiply(uint64_t& into, uint64_t factor) {
  return !__builtin_mul_overflow(into, factor, &into);
}
bool add(uint64_t& into, uint64_t term) { return !__builtin_add_overflow(into, term, &into); }

// A square of a matrix whose columns are contiguous stays in the cache while it is turned around.
constexpr uint64_t kSquare = 64;

template <typename T>
void copy_square(const Tensor& matrix, uint64_t row, uint64_t n_rows, uint64_t column,
                 uint64_t n_columns, float* out, size_t out_stride) {
  const std::byte* data = matrix.content.bytes.data();
  const uint64_t down = matrix.strides[0] * sizeof(T), right = matrix.strides[1] * sizeof(T);
  for (uint64_t r = 0; r < n_rows; ++r) {
    const std::byte* at = data + (row + r) * down + column * right;
    for (uint64_t c = 0; c < n_columns; ++c) out[r * out_stride + c] = element<T>(at + c * right);
  }
}

}  // namespace

size_t size_of(Dtype dtype) { return kDtypes[static_cast<size_t>(dtype)].size; }
std::string_view name_of(Dtype dtype) { return kDtypes[static_cast<size_t>(dtype)].name; }
bool is_integer(Dtype dtype) { return dtype >= Dtype::i64 && dtype <= Dtype::u8; }

uint64_t Tensor::n_elements() const {
  uint64_t n = 1;
  for (const uint64_t extent : shape) n *= extent;
  return n;
}

Tensor make_tensor(Dtype dtype, std::vector<uint64_t> shape, std::vector<uint64_t> strides,
                   uint64_t offset, TensorBytes content, const std::string& what) {
  if (shape.size() != strides.size()) {
    fail(Code::corrupt, "{}: {} dimensions and {} strides", what, shape.size(), strides.size());
  }
  const uint64_t n_held = content.bytes.size() / size_of(dtype);
  const auto fits = [&] {
    uint64_t n = 1, last = offset;
    bool empty = false;
    for (const uint64_t extent : shape) empty |= extent == 0;
    if (empty) return true;
    for (size_t i = 0; i < shape.size(); ++i) {
      uint64_t reach = shape[i] - 1;
      if (!multiply(n, shape[i]) || !multiply(reach, strides[i]) || !add(last, reach)) return false;
    }
    return n <= n_held && last < n_held;
  };
  if (!fits()) fail_size(shape, dtype, content.bytes.size(), what);
  Tensor tensor{dtype, std::move(shape), std::move(strides), std::move(content)};
  tensor.content.bytes =
      tensor.content.bytes.subspan(std::min<uint64_t>(offset, n_held) * size_of(dtype));
  return tensor;
}

std::vector<uint64_t> row_major_strides(const std::vector<uint64_t>& shape,
                                        const std::string& what) {
  std::vector<uint64_t> strides(shape.size());
  uint64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    if (!multiply(stride, std::max<uint64_t>(shape[i], 1))) {
      fail(Code::corrupt, "{}: no array has the shape {}", what, shape_text(shape));
    }
  }
  return strides;
}

Tensor transposed(Tensor matrix) {
  assert(matrix.shape.size() == 2);
  std::swap(matrix.shape[0], matrix.shape[1]);
  std::swap(matrix.strides[0], matrix.strides[1]);
  return matrix;
}

std::string shape_text(const std::vector<uint64_t>& shape) {
  std::string text = "[";
  for (const uint64_t extent : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(extent);
  }
  return text + "]";
}

std::vector<float> to_floats(const Tensor& tensor) {
  const uint64_t n = tensor.n_elements();
  std::vector<float> out(n);
  if (n == 0) return out;
  const size_t n_dims = tensor.shape.size();
  with_type(tensor.dtype, [&]<typename T>(T) {
    std::vector<uint64_t> index(n_dims);
    uint64_t at = 0;
    for (uint64_t i = 0; i < n; ++i) {
      out[i] = element<T>(tensor.content.bytes.data() + at * sizeof(T));
      for (size_t d = n_dims; d-- > 0;) {  // the next index, and how far that is
        at += tensor.strides[d];
        if (++index[d] < tensor.shape[d]) break;
        at -= tensor.strides[d] * tensor.shape[d];
        index[d] = 0;
      }
    }
  });
  return out;
}

void copy_rows(const Tensor& matrix, uint64_t row, uint64_t n_rows, float* out, size_t out_stride) {
  assert(matrix.shape.size() == 2 && row + n_rows <= matrix.shape[0]);
  const uint64_t n_columns = matrix.shape[1];
  with_type(matrix.dtype, [&]<typename T>(T) {
    for (uint64_t r = 0; r < n_rows; r += kSquare) {
      for (uint64_t c = 0; c < n_columns; c += kSquare) {
        copy_square<T>(matrix, row + r, std::min(kSquare, n_rows - r), c,
                       std::min(kSquare, n_columns - c), out + r * out_stride + c, out_stride);
      }
    }
  });
}

void copy_integers(const Tensor& matrix, uint64_t row, uint64_t n_rows, int64_t* out) {
  assert(matrix.shape.size() == 2 && row + n_rows <= matrix.shape[0] && is_integer(matrix.dtype));
  const uint64_t n_columns = matrix.shape[1];
  with_type(matrix.dtype, [&]<typename T>(T) {
    if constexpr (std::integral<T>) {
      for (uint64_t r = row; r < row + n_rows; ++r) {
        for (uint64_t c = 0; c < n_columns; ++c) {
          const uint64_t at = r * matrix.strides[0] + c * matrix.strides[1];
          T number;
          std::memcpy(&number, matrix.content.bytes.data() + at * sizeof(T), sizeof(T));
          *out++ = static_cast<int64_t>(+number);
        }
      }
    }
  });
}

// float16 has 5 exponent and 10 fraction bits where float32 has 8 and 23; below 2^-14 its numbers
// are the multiples of 2^-24.
std::optional<uint16_t> exact_half(float number) {
  const auto bits = std::bit_cast<uint32_t>(number);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t exponent = bits >> 23 & 0xff, fraction = bits & 0x7fffff;
  constexpr int kBias = 127, kHalfBias = 15, kDropped = 13;
  const auto magnitude = [&]() -> std::optional<uint32_t> {
    if (exponent == 0xff) return fraction == 0 ? std::optional(0x7c00U) : std::nullopt;
    if (exponent == 0) return fraction == 0 ? std::optional(0U) : std::nullopt;
    const int power = static_cast<int>(exponent) - kBias;
    const int dropped = power >= 1 - kHalfBias ? kDropped : kDropped + (1 - kHalfBias - power);
    const uint32_t significand = fraction | 0x800000;
    if (power > kHalfBias || dropped > 23) return std::nullopt;
    if ((significand & ((1U << dropped) - 1)) != 0) return std::nullopt;
    if (power < 1 - kHalfBias) return significand >> dropped;
    return static_cast<uint32_t>(power + kHalfBias) << 10 | fraction >> kDropped;
  }();
  if (!magnitude) return std::nullopt;
  return static_cast<uint16_t>(sign | *magnitude);
}

}  // namespace actogram
