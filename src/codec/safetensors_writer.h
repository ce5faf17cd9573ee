// The front of a safetensors file (safetensors.h): everything before the numbers.
//
// The numbers follow in the order of `tensors`, little-endian, without gaps; the caller writes
// them, so a matrix of gigabytes need not be held twice.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codec/tensor.h"

namespace actogram {

struct TensorSpec {
  std::string name;
  std::vector<uint64_t> shape;
  Dtype dtype = Dtype::f32;
};

// `metadata` becomes __metadata__: text by name, in this order. The data begins at a multiple of 8
// bytes, as the reference implementation has it.
std::string safetensors_front(std::span<const TensorSpec> tensors,
                              std::span<const std::pair<std::string, std::string>> metadata);

}  // namespace actogram
