#include "core/module_names.h"

#include <gtest/gtest.h>

namespace actogram {
namespace {

TEST(ModuleNames, AreHooksAndBack) {
  EXPECT_EQ(hook_of_module("layers.10"), "blocks.10.hook_resid_post");
  EXPECT_EQ(hook_of_module("layers.10.mlp"), "blocks.10.hook_mlp_out");
  EXPECT_EQ(hook_of_module("layers.0.self_attn"), "blocks.0.hook_attn_out");
  EXPECT_EQ(hook_of_module("h.3.attn"), "blocks.3.hook_attn_out");
  EXPECT_EQ(hook_of_module("h.3"), "blocks.3.hook_resid_post");
  EXPECT_EQ(hook_of_module("embed_tokens"), "hook_embed");
  for (const char* module : {"layers.2", "layers.3.mlp", "layers.31.self_attn", "embed_tokens"}) {
    EXPECT_EQ(module_of_hook(hook_of_module(module)), module);
  }
}

TEST(ModuleNames, TellWhatATranscoderReads) {
  EXPECT_EQ(input_of_module("layers.10"), "blocks.10.hook_resid_pre");
  EXPECT_EQ(input_of_module("h.3.mlp"), "blocks.3.mlp.hook_in");
  for (const char* module : {"layers.3.attn", "layers.0.self_attn", "embed_tokens", "layers.3.x"}) {
    EXPECT_EQ(input_of_module(module), "") << module;
  }
}

TEST(ModuleNames, AreNotGuessed) {
  for (const char* module : {"", "layers", "layers.", "layers.x", "layers.3.mlp.act_fn", "h",
                             "layers.99999999999", "transformer.h.3"}) {
    EXPECT_EQ(hook_of_module(module), "") << module;
  }
  for (const char* hook : {"", "blocks.3.attn.hook_z", "blocks.3.mlp.hook_post", "blocks.x"}) {
    EXPECT_EQ(module_of_hook(hook), "") << hook;
  }
}

}  // namespace
}  // namespace actogram
