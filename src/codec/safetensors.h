// safetensors: named arrays behind a JSON header.
//
//   file   := length:u64le  header:json[length]  data:byte[*]
//   header := { NAME: {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}, ...,
//               "__metadata__": {STRING: STRING, ...} }
//
// As in the reference implementation (github.com/huggingface/safetensors): the tensors cover the
// data without a hole or an overlap, and a header is at most 100 MB. Types that this version does
// not convert (8-bit floats, complex numbers) are Error{unsupported}.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "codec/json.h"
#include "codec/tensor.h"

namespace actogram {

// `file` outlives the tensors; `what` names it in errors. Error{corrupt} for what is not
// safetensors.
NamedTensors read_safetensors(std::span<const std::byte> file, const std::string& what);

// "F32", as the header has it.
std::string_view safetensors_name(Dtype dtype);

// The texts of __metadata__, an empty object where there are none. Error{corrupt} as above.
Json safetensors_metadata(std::span<const std::byte> file, const std::string& what);

}  // namespace actogram
