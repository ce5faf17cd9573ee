#include "model/file_matrix.h"

#include <ggml.h>

#include <cstring>

#include "actogram/error.h"
#include "base/file.h"
#include "model/llama_model.h"

namespace actogram {

FileMatrix::FileMatrix(const LlamaModel& model, const MappedFile& file, std::string name,
                       size_t n_rows, size_t n_columns)
    : name_(std::move(name)) {
  const std::string path = model.path().string();
  const GgufTensor* tensor = model.find_tensor(name_);
  if (tensor == nullptr) fail(Code::corrupt, "{} has no tensor {}", path, name_);
  const auto& shape = tensor->shape;
  const auto is = [&](size_t i, size_t n) { return shape[i] == static_cast<int64_t>(n); };
  if (!is(0, n_columns) || !is(1, n_rows) || !is(2, 1) || !is(3, 1)) {
    fail(Code::corrupt, "{}: {} has the shape [{}], expected [{}, {}, 1, 1]", path, name_,
         fmt::join(shape, ", "), n_columns, n_rows);
  }
  const auto type = static_cast<ggml_type>(tensor->type);
  traits_ = ggml_get_type_traits(type);
  if ((traits_->to_float == nullptr && type != GGML_TYPE_F32) ||
      kBlock % static_cast<size_t>(traits_->blck_size) != 0) {
    fail(Code::unsupported, "{}: {} is of type {}, which this version cannot read", path, name_,
         ggml_type_name(type));
  }
  row_bytes_ = ggml_row_size(type, shape[0]);
  const std::span<const std::byte> bytes = file.bytes();
  if (tensor->begin > bytes.size() || tensor->n_bytes > bytes.size() - tensor->begin ||
      tensor->n_bytes != row_bytes_ * n_rows) {
    fail(Code::corrupt, "{} is truncated: {} is {} bytes from byte {} on, the file ends at {}",
         path, name_, tensor->n_bytes, tensor->begin, bytes.size());
  }
  data_ = bytes.data() + tensor->begin;
}

void FileMatrix::read(size_t row, size_t first, std::span<float> into) const {
  const size_t block = first / static_cast<size_t>(traits_->blck_size);
  const std::byte* at = data_ + row * row_bytes_ + block * traits_->type_size;
  if (traits_->to_float == nullptr) {
    std::memcpy(into.data(), at, into.size_bytes());
  } else {
    traits_->to_float(at, into.data(), static_cast<int64_t>(into.size()));
  }
}

}  // namespace actogram
