// What the numbers are is tested in tests/oracle/test_logit_lens.py, for every architecture.
#include "model/logit_lens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actogram/error.h"
#include "base/threads.h"
#include "model/real_model_test.h"

namespace actogram {
namespace {

constexpr size_t kEmbedding = 576, kNeurons = 1536;

std::vector<float> neuron(size_t index) {
  std::vector<float> vector(kNeurons);
  vector[index] = 1;
  return vector;
}

TEST(LogitLensSlow, DoesNotDependOnTheThreads) {
  const LogitLens lens(real_model());
  ThreadPool one(1), three(3);
  const std::vector<float> effects = lens.effects("blocks.17.mlp.hook_post", neuron(9), one);
  ASSERT_EQ(effects.size(), real_model().info().n_vocab);
  EXPECT_EQ(lens.effects("blocks.17.mlp.hook_post", neuron(9), three), effects);
  EXPECT_NE(lens.effects("blocks.18.mlp.hook_post", neuron(9), one), effects);
}

TEST(LogitLensSlow, IsOfWhatIsWrittenToTheResidualStream) {
  const LogitLens lens(real_model());
  ThreadPool threads(1);
  const auto problem = [&](const std::string& site, size_t width) {
    try {
      lens.effects(site, std::vector<float>(width), threads);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(problem("blocks.3.hook_resid_pre", kEmbedding), "none");
  EXPECT_EQ(problem("blocks.3.hook_mlp_out", kEmbedding), "none");
  EXPECT_THAT(problem("blocks.3.mlp.hook_pre", kNeurons), testing::HasSubstr("not written"));
  EXPECT_EQ(problem("blocks.3.hook_mlp_in", kEmbedding), "none");  // the stream itself
  for (const char* site : {"blocks.3.ln2.hook_normalized", "blocks.3.mlp.hook_in"}) {
    EXPECT_THAT(problem(site, kEmbedding), testing::HasSubstr("not written"));
  }
  EXPECT_THAT(problem("blocks.3.mlp.hook_post", kEmbedding), testing::HasSubstr("has 1536 there"));
  EXPECT_THAT(problem("blocks.3.hook_resid_mid", 1), testing::HasSubstr("has 576 there"));
  EXPECT_THAT(problem("blocks.3.attn.hook_z", 8), testing::HasSubstr("expected [8, 576"));
  EXPECT_THAT(problem("blocks.30.mlp.hook_post", kNeurons), testing::HasSubstr("layers 0 to 29"));
}

}  // namespace
}  // namespace actogram
