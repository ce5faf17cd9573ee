// NumPy's own files: one array (.npy), and a ZIP archive of them (.npz).
//
//   npy    := "\x93NUMPY" major:u8 minor:u8 length:(u16le if major = 1, else u32le) header data
//   header := {'descr': '<f4', 'fortran_order': False, 'shape': (64, 256), }   blanks to the end
//
// Numbers in little-endian order only; arrays of Python objects would need a pickle and are
// Error{unsupported}, as are records and text.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "codec/tensor.h"

namespace actogram {

// The file's bytes outlive the tensors; `what` names it in errors. Error{corrupt} for what is not
// an array.
Tensor read_npy(TensorBytes file, const std::string& what);
NamedTensors read_npz(std::span<const std::byte> file, const std::string& what);

}  // namespace actogram
