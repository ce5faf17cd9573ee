#include "sae/sae.h"

#include <gtest/gtest.h>

#include "actogram/error.h"
#include "sae/formats.h"

namespace actogram {
namespace {

const std::string kGolden = ACTOGRAM_SOURCE_DIR "/tests/golden/";

std::string message_of(Code code, const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

TEST(Sae, MatricesAreRowsOfLatentsWhicheverWayTheyLie) {
  // The probes of expected.json, of encoder.weight and decoder.weight at [0, 1] and [1, 0].
  const Sae sae = open_sae(kGolden + "sae-openai/autoencoders/relu.pt", {});
  EXPECT_EQ(sae.w_enc.shape, (std::vector<uint64_t>{256, 64}));
  ASSERT_TRUE(sae.w_dec);
  EXPECT_EQ(sae.w_dec->shape, sae.w_enc.shape);
  std::vector<float> row(64);
  copy_rows(sae.w_enc, 0, 1, row.data(), 64);
  EXPECT_EQ(row[1], 0.1285339742898941F);
  copy_rows(sae.w_enc, 1, 1, row.data(), 64);
  EXPECT_EQ(row[0], -0.18194612860679626F);
  copy_rows(*sae.w_dec, 1, 1, row.data(), 64);
  EXPECT_EQ(row[0], -0.1507057398557663F);
  copy_rows(*sae.w_dec, 0, 1, row.data(), 64);
  EXPECT_EQ(row[1], 0.1252402663230896F);
}

TEST(Sae, AFileIsFoundWithTheConfigurationBesideIt) {
  const std::string folder = kGolden + "sae-saelens/topk";
  for (const std::string& path : {folder, folder + "/", folder + "/sae_weights.safetensors"}) {
    const Sae sae = open_sae(path, {});
    EXPECT_EQ(sae.format, "SAELens");
    EXPECT_EQ(sae.k, 16u);
    EXPECT_EQ(sae.site, "blocks.3.hook_resid_post");
    EXPECT_EQ(sae.model, "tiny-model");
  }
}

TEST(Sae, TheModelsWidthMustBeItsOwn) {
  const Sae sae = open_sae(kGolden + "sae-saelens/topk", {});
  EXPECT_NO_THROW(check_width(sae, sae.site, 64));
  EXPECT_EQ(message_of(Code::invalid, [&] { check_width(sae, "blocks.3.hook_resid_post", 576); }),
            kGolden +
                "sae-saelens/topk: reads 64 values, and the model has 576 at "
                "blocks.3.hook_resid_post; it belongs to another site or model: tiny-model");
}

TEST(Sae, SitesAreThoseOfTheModel) {
  for (const char* site : {"hook_embed", "blocks.0.hook_resid_pre", "blocks.19.attn.hook_z",
                           "blocks.31.ln2.hook_normalized", "blocks.7.mlp.hook_post"}) {
    EXPECT_NO_THROW(check_site(site)) << site;
  }
  for (const char* site :
       {"", "blocks", "blocks.", "blocks.1", "blocks..hook_resid_pre", "blocks.-1.hook_resid_pre",
        "blocks.x.hook_resid_pre", "blocks.1.hook_resid", "blocks.1234567.hook_resid_pre"}) {
    message_of(Code::invalid, [&] { check_site(site); });
  }
}

TEST(Sae, FormatsHaveNamesOfTheirOwn) {
  std::vector<std::string_view> names;
  for (const SaeFormat& format : sae_formats()) names.push_back(format.name);
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_EQ(names.size(), 7u);
}

}  // namespace
}  // namespace actogram
