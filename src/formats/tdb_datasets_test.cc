#include "formats/tdb_datasets.h"

#include <gtest/gtest.h>

namespace actogram {
namespace {

struct Case {
  const char* path;
  const char* name;  // empty: not recognised
  const char* hook;
  bool pairs;
  uint32_t n_units;
};

// Paths as in neuron_datasets.py and in datasets.md.
TEST(TdbDatasets, AreRecognisedByTheEndOfTheirPath) {
  const Case cases[] = {
      {"/x/neuron-explainer/data/collated-activations/", "gpt2-xl mlp_post_act", "mlp.hook_post",
       false, 6400},
      {"gpt2_small_data/collated-activations", "gpt2-small mlp_post_act", "mlp.hook_post", false,
       3072},
      {"d/gpt2_small/attn_write_norm/collated-activations-by-token-pair",
       "gpt2-small attn_write_norm", "attn.hook_pattern", true, 12},
      {"gpt2-small/attn_write_norm/collated_activations_by_token_pair",
       "gpt2-small attn_write_norm", "attn.hook_pattern", true, 12},
      {"gpt2-small/autoencoder_latent/mlp_post_act/collated-activations",
       "gpt2-small_ae-mlp-post-act-v1 mlp_autoencoder_latent", "mlp.hook_post/sae:v1", false,
       32768},
      {"gpt2_small/autoencoder_latent/resid_delta_mlp_v4/collated-activations",
       "gpt2-small_ae-resid-delta-mlp-v4 mlp_autoencoder_latent", "hook_mlp_out/sae:v4", false,
       32768},
      {"gpt2-small/autoencoder_latent/resid_delta_attn_v4/collated-activations-by-token-pair",
       "gpt2-small_ae-resid-delta-attn-v4 flattened_attn_write_to_latent_summed_over_heads",
       "hook_attn_out/sae:v4", true, 0},
      {"mine/mlp_post_act/collated-activations", "mlp_post_act/collated-activations",
       "mlp.hook_post", false, 0},
      {"collated-activations", "", "", false, 0},
      {"gpt2_small/autoencoder_latent/strange_v4/collated-activations", "", "", false, 0},
      {"data/explanations", "", "", false, 0},
      {"", "", "", false, 0},
  };
  for (const Case& c : cases) {
    const auto found = tdb_dataset(c.path);
    ASSERT_EQ(found.has_value(), *c.name != '\0') << c.path;
    if (!found) continue;
    EXPECT_EQ(found->name, c.name);
    EXPECT_EQ(found->hook, c.hook);
    EXPECT_EQ(found->pairs, c.pairs);
    EXPECT_EQ(found->n_units, c.n_units);
  }
}

TEST(TdbDatasets, AnExportIsRecognised) {
  for (const char* hook : {"mlp.hook_post", "attn.hook_pattern", "hook_attn_out/sae:v4",
                           "hook_resid_post/sae:My-own", "hook_mlp_out/sae:a"}) {
    for (const bool pairs : {false, true}) {
      const auto found = tdb_dataset(tdb_folder(hook, pairs));
      ASSERT_TRUE(found) << hook;
      EXPECT_EQ(found->hook, hook);
      EXPECT_EQ(found->pairs, pairs);
      const auto explained = tdb_dataset("out/" + tdb_explanations_folder(hook, pairs));
      ASSERT_TRUE(explained) << hook;
      EXPECT_EQ(explained->hook, hook);
      EXPECT_FALSE(explained->pairs);
    }
  }
}

TEST(HookOfSite, IsWhatFollowsTheLayer) {
  EXPECT_EQ(hook_of_site("blocks.12.mlp.hook_post"), "mlp.hook_post");
  EXPECT_EQ(hook_of_site("blocks.3.hook_mlp_out/sae:v1.5"), "hook_mlp_out/sae:v1.5");
  EXPECT_EQ(hook_of_site("strange"), "strange");
}

}  // namespace
}  // namespace actogram
