// The header of a GGUF file: metadata and what its tensors are, without their data.
//
// Read before llama.cpp sees the file, because it tells apart what llama.cpp lumps into "failed to
// load": a missing file, one that is not GGUF, a truncated one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace actogram {

struct GgufTensor {
  std::vector<int64_t> shape;  // fastest dimension first, as ggml writes it
  int type = 0;                // a ggml_type
  uint64_t begin = 0;          // where its data is in the file, in bytes
  uint64_t n_bytes = 0;
};

struct GgufHeader {
  // Every scalar and string, in the file's order; arrays (vocabularies) are left out.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::map<std::string, GgufTensor> tensors;  // by name

  // "" where the file does not have the key.
  std::string value(const std::string& key) const;
};

// Throws Error: not_found where there is no such file, corrupt where it is not a whole GGUF file,
// unsupported for one part of a model that is split over files.
GgufHeader read_gguf_header(const std::filesystem::path& path);

}  // namespace actogram
