// One matrix of a GGUF file, [n_rows, n_columns], read row by row as float32, whatever its type.
//
// Nothing is copied but what is asked for: rows are turned by ggml out of the mapped file.
#pragma once

#include <cstddef>
#include <span>
#include <string>

struct ggml_type_traits;

namespace actogram {

class LlamaModel;
class MappedFile;

class FileMatrix {
 public:
  // A multiple of every type's block, so that a part of a row may begin at each multiple of it.
  static constexpr size_t kBlock = 256;

  // `file` is the model's, mapped, and must outlive the matrix. Throws Error{corrupt} for a tensor
  // that is missing, of another shape, or beyond the file's end; Error{unsupported} for a type that
  // ggml cannot turn into float32.
  FileMatrix(const LlamaModel& model, const MappedFile& file, std::string name, size_t n_rows,
             size_t n_columns);

  // Columns [first, first + into.size()) of a row; `first` is a multiple of kBlock.
  void read(size_t row, size_t first, std::span<float> into) const;

 private:
  std::string name_;
  const ggml_type_traits* traits_ = nullptr;
  size_t row_bytes_ = 0;
  const std::byte* data_ = nullptr;
};

}  // namespace actogram
