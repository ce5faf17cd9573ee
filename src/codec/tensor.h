// An array of numbers inside bytes that somebody else wrote: a shape, strides, a type of element.
//
// What safetensors, NumPy and PyTorch files hold, before anybody knows what it means. A Tensor is a
// view: transposing it or reading a part copies nothing, and a file of gigabytes costs nothing
// until its numbers are asked for, as float32. Bytes are those of the caller's mapping, which
// outlives the tensor, unless they were compressed; then `owner` keeps them.
//
// make_tensor() is the only way in for claims from outside: it proves that every element that the
// shape and the strides can name is inside the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actogram {

enum class Dtype : uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };
inline constexpr size_t kNumDtypes = 13;

size_t size_of(Dtype dtype);            // bytes of one element
std::string_view name_of(Dtype dtype);  // "float32"
bool is_integer(Dtype dtype);

struct TensorBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const std::vector<std::byte>> owner = {};
};

struct Tensor {
  Dtype dtype = Dtype::f32;
  std::vector<uint64_t> shape;
  std::vector<uint64_t> strides;  // elements from index to index, one for each dimension
  TensorBytes content;            // begins with the element [0, 0, ...]

  uint64_t n_elements() const;
};

using NamedTensors = std::map<std::string, Tensor>;

// `offset` is in elements, from the beginning of `content`. Error{corrupt} where the tensor would
// reach outside, or have more elements than the bytes hold. `what` names it in errors.
Tensor make_tensor(Dtype dtype, std::vector<uint64_t> shape, std::vector<uint64_t> strides,
                   uint64_t offset, TensorBytes content, const std::string& what);

// The strides of an array whose last index runs fastest. Error{corrupt} where they overflow.
std::vector<uint64_t> row_major_strides(const std::vector<uint64_t>& shape,
                                        const std::string& what);

Tensor transposed(Tensor matrix);  // two dimensions

// "[256, 64]"
std::string shape_text(const std::vector<uint64_t>& shape);

// Every element as float32, the last index running fastest.
std::vector<float> to_floats(const Tensor& tensor);

// Rows [row, row + n_rows) of a matrix as float32, `out_stride` floats from row to row.
void copy_rows(const Tensor& matrix, uint64_t row, uint64_t n_rows, float* out, size_t out_stride);

// Rows of a matrix of integers, one after another. What uint64 has beyond int64 comes out negative.
void copy_integers(const Tensor& matrix, uint64_t row, uint64_t n_rows, int64_t* out);

// The float16 that is the same number, if there is one. Not of NaN.
std::optional<uint16_t> exact_half(float number);

}  // namespace actogram
