// A .pt or .pth file, as torch.save() has written it since PyTorch 1.6: a ZIP archive with data.pkl
// and one entry for each storage.
//
//   archive := FOLDER/data.pkl  FOLDER/byteorder?  FOLDER/data/KEY*  (others are not needed)
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "codec/torch_pickle.h"

namespace actogram {

// `file` outlives the tensors; `what` names it in errors. See read_torch_pickle() for what a file
// may hold.
StateDict read_torch_file(std::span<const std::byte> file, const std::string& what);

}  // namespace actogram
