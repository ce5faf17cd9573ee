// A state dict out of PyTorch's pickle, which can run nothing.
//
// A pickle is a program for a stack machine that may call any function of Python. This machine
// knows only the instructions that a dictionary of tensors, numbers and strings needs, and a closed
// list of names to call: OrderedDict, _rebuild_tensor_v2, _rebuild_parameter and the storage types.
// All of these only build values here; whatever else a file asks for is Error{unsupported} that
// names it, before anything is done. Instructions and their meaning: Python's Lib/pickletools.py.
//
// Dictionaries within dictionaries become names with dots: "activation_state_dict.k". Values that
// are neither tensors nor scalars (lists, None) are left out. A pickle may name one value many
// times, so what it unfolds to is limited to kMaxNames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <variant>

#include "codec/tensor.h"

namespace actogram {

using Scalar = std::variant<bool, int64_t, double, std::string>;

struct StateDict {
  NamedTensors tensors;
  std::map<std::string, Scalar> scalars;
};

inline constexpr size_t kMaxNames = 100'000;

// The bytes of the storage that the pickle calls `key`.
using FindStorage = std::function<TensorBytes(const std::string& key)>;

// `what` names the file in errors.
StateDict read_torch_pickle(std::span<const std::byte> pickle, const FindStorage& find_storage,
                            const std::string& what);

}  // namespace actogram
