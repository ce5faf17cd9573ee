// What the numbers are is tested in tests/oracle/test_weights.py, for every architecture.
#include "model/mlp_weights.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "actogram/error.h"
#include "model/real_model_test.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

TEST(MlpWeightsSlow, DoNotDependOnTheThreads) {
  const auto weights = mlp_weights(real_model(), 17, 1);
  ASSERT_EQ(weights.size(), 1536u);
  for (const size_t n_threads : {2, 3, 64}) {
    EXPECT_EQ(mlp_weights(real_model(), 17, n_threads), weights);
  }
  EXPECT_NE(mlp_weights(real_model(), 18, 2), weights);
}

// The file may change under a model that has been loaded.
TEST(MlpWeightsSlow, SayWhichTensorIsCutOff) {
  const fs::path path =
      fs::path(::testing::TempDir()) / fmt::format("actogram_weights_{}.gguf", ::getpid());
  fs::copy_file(real_model_path(), path, fs::copy_options::overwrite_existing);
  const LlamaModel model(path);
  EXPECT_EQ(mlp_weights(model, 29, 1), mlp_weights(real_model(), 29, 1));
  fs::resize_file(path, model.find_tensor("blk.29.ffn_up.weight")->begin + 1000);
  try {
    mlp_weights(model, 29, 1);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::corrupt);
    EXPECT_NE(std::string(error.what()).find("is truncated: blk.29.ffn_"), std::string::npos)
        << error.what();
  }
  fs::remove(path);
}

}  // namespace
}  // namespace actogram
