// Which tensors of a llama.cpp graph hold a layer's values, for each architecture that we know.
//
// TransformerLens names three places in an MLP. With x the MLP's input, before biases:
//     gated:  hook_pre = W_gate x, hook_pre_linear = W_up x, hook_post = act(hook_pre) *
//     hook_pre_linear plain:  hook_pre = W_up x,   hook_post = act(hook_pre)
// and in the residual stream, with what attention and MLP write after their norms and biases:
//     hook_resid_mid = hook_resid_pre + hook_attn_out,
//     hook_resid_post = hook_resid_mid + hook_mlp_out
// and on the MLP's way in, which is what transcoders read. With n the norm before the MLP:
//     hook_mlp_in = hook_resid_mid, or hook_resid_pre where attention and MLP both read that
//     mlp.hook_in = x = n(hook_mlp_in)
//     ln2.hook_normalized = RMSNorm: hook_mlp_in / its root mean square, without the learned
//         scale; LayerNorm: x, with scale and bias
// llama.cpp names its tensors per layer, but not uniquely: a tensor is recognised by name *and*
// operation, both exactly ("ffn_up-1" is a prefix of "ffn_up-10"). Where a projection has a bias or
// a scale, the value is the last of the chain, for example "ffn_up_b-3" (ADD). What is written to
// the residual stream has no name in most architectures; it is recognised by operation and weight.
// A pattern and the value vectors that it weighs are the two factors of "kqv-3", which llama.cpp
// builds in one place for all architectures.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "actogram/types.h"

namespace actogram {

enum class Quantity : uint8_t {
  hook_pre,
  hook_pre_linear,
  hook_post,
  // Of the layer, [n_embd]; hook_z, of all heads one after the other, [n_heads * d_head].
  resid_pre,
  resid_mid,
  resid_post,
  attn_out,
  mlp_out,
  hook_z,
  hook_pattern,  // of the layer's heads: who looks at whom, and the value vectors
  // [n_embd] again
  mlp_in,
  ln2_normalized,
  mlp_hook_in,
};
inline constexpr size_t kNumQuantities = 13;

enum class Mlp : uint8_t {
  gated,  // two projections, ffn_gate and ffn_up
  fused,  // one projection ffn_up with 2 * n_ff outputs: the gate's first, then the linear ones
  plain,  // one projection ffn_up, no gate
};

// What stands before an MLP.
enum class MlpNorm : uint8_t {
  rms,          // RMSNorm with a learned scale
  layer,        // LayerNorm with a learned scale and bias
  plain_layer,  // LayerNorm that has learned nothing: only the mean goes
  none,
};

enum class TensorOp : uint8_t {
  mul_mat,
  add,
  mul,
  glu,
  unary,
  get_rows,
  scale,
  cont,
  norm,
  rms_norm
};

// What the first layer reads.
struct EmbeddingTensor {
  std::string_view name = "embd";
  TensorOp op = TensorOp::get_rows;
};
inline constexpr EmbeddingTensor kScaledEmbedding = {"inp_scaled", TensorOp::scale};
inline constexpr EmbeddingTensor kEmbeddingAndPosition = {"inpL", TensorOp::add};

struct Architecture {
  std::string_view name;  // general.architecture of the GGUF file
  Mlp mlp = Mlp::gated;
  std::string_view post;           // name of the tensor of hook_post, without "-LAYER"
  bool learned_positions = false;  // a position beyond the trained context does not exist
  MlpNorm norm = MlpNorm::rms;
  std::string_view norm_name = "ffn_norm";  // of its last tensor, without "-LAYER"
  bool parallel = false;  // attention and MLP both read the layer's input; else the file may say so
  EmbeddingTensor embedding = {};
  // Name of the tensor between attention and MLP, without "-LAYER"; "" where there is none, since
  // both read the layer's input, or where llama.cpp does not name it.
  std::string_view resid_mid = "ffn_inp";
};

// How to add one:
//   1. Read src/models/NAME.cpp of llama.cpp: how it calls build_ffn decides `mlp` and `post`
//      (LLM_FFN_PAR is gated, LLM_FFN_SWIGLU fused, LLM_FFN_SEQ without a gate plain), the
//      build_norm before it `norm` and `norm_name`, what enters layer 0 `embedding`, the sum after
//      attention `resid_mid`, and its last tensor of a layer must be called l_out.
//   2. Add it to ArchitectureId and, in the same place, to the table.
//   3. Add a tiny random model of it to tests/oracle/make_tiny_gguf.py, whose test checks that the
//      hooks satisfy the equations above.
enum class ArchitectureId : uint8_t {
  llama,  // Llama 1 to 3, Mistral, SmolLM2
  olmo,
  olmo2,
  gemma,
  gemma2,
  gemma3,
  qwen2,
  qwen3,
  phi3,
  gpt2,
  gptneox,
  phi2,
  count,
};

inline constexpr Architecture kArchitectures[] = {
    {"llama", Mlp::gated, "ffn_swiglu"},
    {.name = "olmo", .mlp = Mlp::gated, .post = "ffn_swiglu", .norm = MlpNorm::plain_layer},
    {.name = "olmo2", .mlp = Mlp::gated, .post = "ffn_swiglu", .norm = MlpNorm::none},
    {.name = "gemma", .post = "ffn_geglu", .embedding = kScaledEmbedding, .resid_mid = "sa_out"},
    {.name = "gemma2", .post = "ffn_geglu", .embedding = kScaledEmbedding, .resid_mid = "sa_out"},
    {.name = "gemma3", .post = "ffn_geglu", .embedding = kScaledEmbedding, .resid_mid = "sa_out"},
    {"qwen2", Mlp::gated, "ffn_swiglu"},
    {"qwen3", Mlp::gated, "ffn_swiglu"},
    {.name = "phi3", .mlp = Mlp::fused, .post = "ffn_swiglu", .resid_mid = ""},
    {.name = "gpt2",
     .mlp = Mlp::plain,
     .post = "ffn_gelu",
     .learned_positions = true,
     .norm = MlpNorm::layer,
     .embedding = kEmbeddingAndPosition},
    {.name = "gptneox", .mlp = Mlp::plain, .post = "ffn_gelu", .norm = MlpNorm::layer},
    {.name = "phi2",
     .mlp = Mlp::plain,
     .post = "ffn_gelu",
     .norm = MlpNorm::layer,
     .norm_name = "attn_norm",
     .parallel = true,
     .resid_mid = ""},
};
static_assert(std::size(kArchitectures) == static_cast<size_t>(ArchitectureId::count));

// Throws Error{unsupported} that names the architecture and lists the known ones.
const Architecture& find_architecture(std::string_view name);

// Nothing where the MLP has no gate.
std::optional<GateFunction> gate_function_of(const Architecture& architecture);

// "mlp.hook_post", as in the site "blocks.5.mlp.hook_post".
std::string_view hook_name(Quantity quantity);
// And back, of the whole site; nothing where it is none.
std::optional<Quantity> quantity_of_site(std::string_view site);

// Where a quantity is read: columns [offset, offset + n_units) of the tensor with this op and name.
struct TensorTap {
  std::string tensor;  // or, with `by_source`, the name of a tensor that the op is applied to
  TensorOp op = TensorOp::mul_mat;
  bool upper_half = false;  // of a fused tensor: offset is n_ff, otherwise 0
  bool by_source = false;
  bool attention = false;  // a product of a pattern and value vectors; its sources are read

  bool operator==(const TensorTap&) const = default;
};

// Says whether the model file has a tensor of this name, for example "blk.3.ffn_up.bias".
using HasTensor = std::function<bool(const std::string&)>;

// Throws Error{unsupported} where the architecture has no such quantity.
TensorTap tensor_tap(const Architecture& architecture, Quantity quantity, uint32_t layer,
                     const HasTensor& has_tensor);

// The end of a layer: every value of the layer has been computed when this tensor has.
TensorTap last_tensor(uint32_t layer);

}  // namespace actogram
