#include "model/attention_weights.h"

#include <llama.h>

#include "actogram/error.h"
#include "base/file.h"
#include "model/file_matrix.h"
#include "model/llama_model.h"

namespace actogram {
namespace {

std::string tensor_name(uint32_t layer, const char* kind) {
  return fmt::format("blk.{}.attn_output.{}", layer, kind);
}

}  // namespace

AttentionShape attention_shape(const LlamaModel& model, uint32_t layer) {
  const GgufTensor* output = model.find_tensor(tensor_name(layer, "weight"));
  if (output == nullptr || output->shape.empty()) {
    fail(Code::unsupported, "layer {} of {} has no attention", layer, model.info().name);
  }
  if (model.has_tensor(tensor_name(layer, "scale"))) {
    fail(Code::unsupported, "{}: a scaled projection is not read by this version",
         tensor_name(layer, "scale"));
  }
  const auto n_heads = static_cast<uint32_t>(llama_model_n_head(model.handle()));
  const auto n_kv_heads = static_cast<uint32_t>(llama_model_n_head_kv(model.handle()));
  const auto width = static_cast<uint32_t>(output->shape[0]);
  if (n_heads == 0 || n_kv_heads == 0 || n_heads % n_kv_heads != 0 || width % n_heads != 0) {
    fail(Code::unsupported, "{}: {} columns for {} heads that share {} values",
         tensor_name(layer, "weight"), width, n_heads, n_kv_heads);
  }
  return {n_heads, n_kv_heads, width / n_heads};
}

AttentionWeights read_attention_weights(const LlamaModel& model, uint32_t layer) {
  const AttentionShape shape = attention_shape(model, layer);
  const MappedFile file(model.path().string());
  const size_t width = size_t{shape.n_heads} * shape.d_head, n_out = model.info().n_embd;
  AttentionWeights weights{.n_heads = shape.n_heads,
                           .n_kv_heads = shape.n_kv_heads,
                           .d_head = shape.d_head,
                           .n_out = model.info().n_embd,
                           .output = std::vector<float>(n_out * width)};
  const FileMatrix output(model, file, tensor_name(layer, "weight"), n_out, width);
  for (size_t row = 0; row < n_out; ++row) {
    output.read(row, 0, std::span(weights.output).subspan(row * width, width));
  }
  weights.normed = model.has_tensor(fmt::format("blk.{}.post_attention_norm.weight", layer));
  if (model.has_tensor(tensor_name(layer, "bias"))) {
    weights.bias.resize(n_out);
    FileMatrix(model, file, tensor_name(layer, "bias"), 1, n_out).read(0, 0, weights.bias);
  }
  return weights;
}

}  // namespace actogram
