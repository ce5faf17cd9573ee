#include "core/unit_address.h"

#include <gtest/gtest.h>

#include <vector>

#include "actogram/error.h"

namespace actogram {
namespace {

TEST(UnitAddress, HasAShortAndALongForm) {
  const UnitAddress expected{"blocks.12.mlp.hook_post", 345};
  EXPECT_EQ(parse_unit_address("12.mlp/345"), expected);
  EXPECT_EQ(parse_unit_address("blocks.12.mlp.hook_post/345"), expected);
  EXPECT_EQ(short_site_name(expected.site), "12.mlp");
  EXPECT_EQ(full_site_name("7.resid_post"), "blocks.7.hook_resid_post");
  EXPECT_EQ(full_site_name("7.z"), "blocks.7.attn.hook_z");
  EXPECT_EQ(short_site_name("blocks.7.hook_attn_out"), "7.attn_out");
  EXPECT_EQ(full_site_name("7.mlp.in"), "blocks.7.mlp.hook_in");
  EXPECT_EQ(short_site_name("blocks.7.ln2.hook_normalized"), "7.ln2");
  EXPECT_EQ(short_site_name("somewhere.else"), "somewhere.else");
  EXPECT_EQ(layer_of_site(expected.site), 12u);
}

TEST(UnitAddress, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", "12.mlp", "12.mlp/", "12.mlp/x", "12.mlp/-1", "/3", "12.mlp/4294967296"}) {
    EXPECT_THROW(parse_unit_address(text), Error) << text;
  }
}

// Ranks are uniform in each of 16 slots, for one unit over sequences and for one sequence over
// units: 16,000 draws, 1,000 expected in each slot, standard deviation 31.
TEST(SampleRank, IsUniformOverSequencesAndOverUnits) {
  std::vector<int> by_sequence(16), by_unit(16);
  for (uint32_t i = 0; i < 16000; ++i) {
    ++by_sequence[sample_rank(unit_key("blocks.0.mlp.hook_post", 7), sequence_key("a", i, 0)) >>
                  28];
    ++by_unit[sample_rank(unit_key("blocks.0.mlp.hook_post", i), sequence_key("a", 7, 0)) >> 28];
  }
  for (int slot = 0; slot < 16; ++slot) {
    EXPECT_NEAR(by_sequence[static_cast<size_t>(slot)], 1000, 160);
    EXPECT_NEAR(by_unit[static_cast<size_t>(slot)], 1000, 160);
  }
}

TEST(UnitAddress, NeuronpediasAddressesAreOurs) {
  EXPECT_EQ(from_neuronpedia("gpt2-small/9-small/42"), "9.sae:small/42");
  EXPECT_EQ(from_neuronpedia("gpt2-small/9-res-jb/42"), "9.sae:res-jb/42");
  EXPECT_EQ(from_neuronpedia("gpt2-small/9-sae/42"), "9.sae/42");
  EXPECT_EQ(from_neuronpedia("gpt2-small/12-mlp/345"), "12.mlp/345");
  EXPECT_EQ(from_neuronpedia("gpt2-small/5/123"), "5.mlp/123");
  for (const char* text :
       {"", "/", "5/123", "m/x-mlp/3", "m/5-mlp/x", "m/5-mlp/", "m//3", "m/-/3"}) {
    EXPECT_THROW(from_neuronpedia(text), Error) << text;
  }
}

}  // namespace
}  // namespace actogram
