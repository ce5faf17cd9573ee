// Modules of a Hugging Face model, as sparsify and Delphi name what their SAEs are made for, and
// the TransformerLens name of the values there.
//
//   layers.10             blocks.10.hook_resid_post
//   layers.10.mlp         blocks.10.hook_mlp_out
//   layers.10.self_attn   blocks.10.hook_attn_out      also .attn, .attention
//   embed_tokens          hook_embed
//
// "h.10" is "layers.10" of GPT-2. The values are the module's output; a transcoder reads its input,
// which the name does not tell.
#pragma once

#include <string>
#include <string_view>

namespace actogram {

std::string hook_of_module(std::string_view module);  // "" where it is none of these
std::string module_of_hook(std::string_view hook);    // likewise

}  // namespace actogram
