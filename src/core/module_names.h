// Modules of a Hugging Face model, as sparsify and Delphi name what their SAEs are made for, and
// the TransformerLens names of the values there.
//
//                         its output                   its input, which transcoders read
//   layers.10             blocks.10.hook_resid_post    blocks.10.hook_resid_pre
//   layers.10.mlp         blocks.10.hook_mlp_out       blocks.10.mlp.hook_in
//   layers.10.self_attn   blocks.10.hook_attn_out      (no name)   also .attn, .attention
//   embed_tokens          hook_embed                   (no name)
//
// "h.10" is "layers.10" of GPT-2.
#pragma once

#include <string>
#include <string_view>

namespace actogram {

std::string hook_of_module(std::string_view module);   // its output's; "" where it is none of these
std::string input_of_module(std::string_view module);  // likewise, its input's
std::string module_of_hook(std::string_view hook);     // whose output it is; likewise

}  // namespace actogram
