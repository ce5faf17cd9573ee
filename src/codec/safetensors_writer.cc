#include "codec/safetensors_writer.h"

#include <bit>
#include <cstring>

#include "codec/json.h"
#include "codec/safetensors.h"

namespace actogram {

std::string safetensors_front(std::span<const TensorSpec> tensors,
                              std::span<const std::pair<std::string, std::string>> metadata) {
  static_assert(std::endian::native == std::endian::little);
  Json header = Json::object();
  for (const auto& [name, text] : metadata) header["__metadata__"][name] = text;
  uint64_t end = 0;
  for (const TensorSpec& tensor : tensors) {
    const uint64_t begin = end;
    uint64_t n_bytes = size_of(tensor.dtype);
    for (const uint64_t size : tensor.shape) n_bytes *= size;
    end += n_bytes;
    header[tensor.name] = {{"dtype", safetensors_name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {begin, end}}};
  }
  std::string text = to_text(header);
  constexpr size_t kAlignment = 8;
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const uint64_t length = text.size();
  std::string front(sizeof(length), '\0');
  std::memcpy(front.data(), &length, sizeof(length));
  return front + text;
}

}  // namespace actogram
