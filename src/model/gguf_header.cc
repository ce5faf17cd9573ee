#include "model/gguf_header.h"

#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <fstream>
#include <memory>

#include "actogram/error.h"
#include "model/llama_log.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

struct GgufFree {
  void operator()(gguf_context* gguf) const { gguf_free(gguf); }
};
using Gguf = std::unique_ptr<gguf_context, GgufFree>;

// Metadata sizes are claims, and the parser allocates what they claim before it reads, so nothing
// but the file's own magic reaches it.
void check_magic(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) fail(Code::not_found, "there is no model file {}", path.string());
  if (fs::is_directory(status)) {
    fail(Code::invalid, "{} is a folder; a model is one GGUF file", path.string());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(Code::environment, "the model file {} cannot be opened", path.string());
  char magic[4] = {};
  file.read(magic, sizeof magic);
  if (std::string_view(magic, sizeof magic) != "GGUF") {
    fail(Code::corrupt, "{} is not a GGUF file: it does not begin with 'GGUF'", path.string());
  }
}

std::string scalar(const gguf_context* gguf, int64_t key) {
  switch (gguf_get_kv_type(gguf, key)) {
    case GGUF_TYPE_UINT8:
      return fmt::format("{}", gguf_get_val_u8(gguf, key));
    case GGUF_TYPE_INT8:
      return fmt::format("{}", gguf_get_val_i8(gguf, key));
    case GGUF_TYPE_UINT16:
      return fmt::format("{}", gguf_get_val_u16(gguf, key));
    case GGUF_TYPE_INT16:
      return fmt::format("{}", gguf_get_val_i16(gguf, key));
    case GGUF_TYPE_UINT32:
      return fmt::format("{}", gguf_get_val_u32(gguf, key));
    case GGUF_TYPE_INT32:
      return fmt::format("{}", gguf_get_val_i32(gguf, key));
    case GGUF_TYPE_FLOAT32:
      return fmt::format("{}", gguf_get_val_f32(gguf, key));
    case GGUF_TYPE_UINT64:
      return fmt::format("{}", gguf_get_val_u64(gguf, key));
    case GGUF_TYPE_INT64:
      return fmt::format("{}", gguf_get_val_i64(gguf, key));
    case GGUF_TYPE_FLOAT64:
      return fmt::format("{}", gguf_get_val_f64(gguf, key));
    case GGUF_TYPE_BOOL:
      return gguf_get_val_bool(gguf, key) ? "true" : "false";
    case GGUF_TYPE_STRING:
      return gguf_get_val_str(gguf, key);
    default:
      return "";
  }
}

void read_metadata(const gguf_context* gguf, GgufHeader& header) {
  for (int64_t key = 0; key < gguf_get_n_kv(gguf); ++key) {
    if (gguf_get_kv_type(gguf, key) == GGUF_TYPE_ARRAY) continue;
    header.metadata.emplace_back(gguf_get_key(gguf, key), scalar(gguf, key));
  }
}

// Returns where the data of the last tensor ends.
uint64_t read_tensors(const gguf_context* gguf, GgufHeader& header) {
  uint64_t end = gguf_get_data_offset(gguf);
  for (int64_t i = 0; i < gguf_get_n_tensors(gguf); ++i) {
    const int64_t* shape = gguf_get_tensor_ne(gguf, i);
    const GgufTensor tensor{.shape = {shape, shape + GGML_MAX_DIMS},
                            .type = gguf_get_tensor_type(gguf, i),
                            .begin = gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, i),
                            .n_bytes = gguf_get_tensor_size(gguf, i)};
    header.tensors.emplace(gguf_get_tensor_name(gguf, i), tensor);
    end = std::max(end, tensor.begin + tensor.n_bytes);
  }
  return end;
}

}  // namespace

std::string GgufHeader::value(const std::string& key) const {
  const auto found = std::find_if(metadata.begin(), metadata.end(),
                                  [&](const auto& pair) { return pair.first == key; });
  return found == metadata.end() ? "" : found->second;
}

GgufHeader read_gguf_header(const fs::path& path) {
  check_magic(path);
  LlamaLog log;
  const Gguf gguf(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!gguf) {
    fail(Code::corrupt, "the header of {} is damaged or cut off: {}", path.string(), log.text());
  }
  GgufHeader header;
  read_metadata(gguf.get(), header);
  const uint64_t expected = read_tensors(gguf.get(), header);
  const uint64_t found = fs::file_size(path);
  if (found < expected) {
    fail(Code::corrupt, "{} is truncated: its tensors end at byte {}, the file at byte {}",
         path.string(), expected, found);
  }
  const std::string parts = header.value("split.count");
  if (!parts.empty() && parts != "0" && parts != "1") {
    fail(Code::unsupported, "{} is one of {} parts; join them with llama-gguf-split --merge",
         path.string(), parts);
  }
  return header;
}

}  // namespace actogram
