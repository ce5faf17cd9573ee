#include "model/llama_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "actogram/error.h"
#include "model/architectures.h"
#include "model/llama_source.h"
#include "model/real_model_test.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

// A file with these bytes, removed at the end of the test.
class Scratch {
 public:
  explicit Scratch(const std::string& bytes)
      : path_(fs::temp_directory_path() /
              fmt::format("actogram-model-test-{}.gguf",
                          ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~Scratch() { fs::remove(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string first_bytes_of_the_model(size_t n) {
  std::string bytes(n, '\0');
  std::ifstream(real_model_path(), std::ios::binary)
      .read(bytes.data(), static_cast<std::streamsize>(n));
  return bytes;
}

// Loads the file and returns the error, with nothing said on stderr.
Error load_error(const fs::path& path) {
  ::testing::internal::CaptureStderr();
  try {
    const LlamaModel model(path);
  } catch (const Error& error) {
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    return error;
  }
  ::testing::internal::GetCapturedStderr();
  return Error(Code::invalid, "no error");
}

TEST(LlamaModel, SaysWhatItsFileSays) {
  const ModelInfo& info = real_model().info();
  EXPECT_EQ(info.architecture, "llama");
  EXPECT_EQ(info.file_type, "Q4_1");
  EXPECT_EQ(info.n_layers, 30u);
  EXPECT_EQ(info.n_embd, 576u);
  EXPECT_EQ(info.n_ff, 1536u);
  EXPECT_EQ(info.n_vocab, 49152u);
  EXPECT_EQ(info.trained_context, 8192u);
  EXPECT_THAT(info.name, HasSubstr("Smol"));
  EXPECT_THAT(info.metadata, Contains(Pair("llama.rope.freq_base", "100000")));
  EXPECT_THAT(info.metadata, Contains(Pair("tokenizer.ggml.pre", "smollm")));
}

TEST(LlamaModel, LoadsQuietly) {
  ::testing::internal::CaptureStderr();
  const LlamaModel model(real_model_path());
  const LlamaSource source(model, {.layers = {0}});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(LlamaModel, VocabularyIsEnoughForItsInfoButNotToRun) {
  const LlamaModel model(real_model_path(), LlamaModel::Load::vocabulary);
  EXPECT_EQ(model.info().n_vocab, 49152u);
  EXPECT_EQ(model.info().n_ff, 1536u);
  EXPECT_EQ(model.info().file_type, "Q4_1");
  EXPECT_THROW(LlamaSource(model, {.layers = {0}}), Error);
}

TEST(LlamaModel, MissingFile) {
  const Error error = load_error("/no/such/model.gguf");
  EXPECT_EQ(error.code(), Code::not_found);
  EXPECT_THAT(error.what(), HasSubstr("/no/such/model.gguf"));
}

TEST(LlamaModel, Folder) { EXPECT_EQ(load_error(fs::temp_directory_path()).code(), Code::invalid); }

TEST(LlamaModel, TextFile) {
  const Scratch file("This is not a model.\n");
  const Error error = load_error(file.path());
  EXPECT_EQ(error.code(), Code::corrupt);
  EXPECT_THAT(error.what(), HasSubstr("not a GGUF file"));
}

TEST(LlamaModel, EmptyFile) {
  const Scratch file("");
  EXPECT_EQ(load_error(file.path()).code(), Code::corrupt);
}

// Cut in the metadata, and in the data of the tensors.
TEST(LlamaModel, TruncatedFile) {
  for (const size_t n : {size_t{4}, size_t{24}, size_t{1000}, size_t{100000}, size_t{20'000'000}}) {
    const Scratch file(first_bytes_of_the_model(n));
    const Error error = load_error(file.path());
    EXPECT_EQ(error.code(), Code::corrupt) << n;
    EXPECT_THAT(error.what(), HasSubstr(file.path().string()));
    EXPECT_THAT(error.what(), HasSubstr(n > 10'000'000 ? "truncated" : "cut off"));
  }
}

TEST(LlamaModel, HeaderThatClaimsTooMuch) {
  std::string bytes = first_bytes_of_the_model(100000);
  for (const size_t at : {size_t{8}, size_t{16}, size_t{24}}) {  // tensors, pairs, a key's length
    std::string damaged = bytes;
    damaged.replace(at, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
    const Scratch file(damaged);
    EXPECT_EQ(load_error(file.path()).code(), Code::corrupt) << at;
  }
}

TEST(Architectures, UnknownOneIsNamedWithTheKnown) {
  try {
    find_architecture("mamba");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("'mamba'"));
    for (const Architecture& known : kArchitectures) {
      EXPECT_THAT(error.what(), HasSubstr(std::string(known.name)));
    }
  }
}

TEST(Architectures, TensorsOfEachKindOfMlp) {
  const HasTensor none = [](const std::string&) { return false; };
  const HasTensor biased = [](const std::string& name) { return name.ends_with(".bias"); };
  const Architecture& llama = find_architecture("llama");
  EXPECT_EQ(tensor_tap(llama, Quantity::hook_pre, 1, none).tensor, "ffn_gate-1");
  EXPECT_EQ(tensor_tap(llama, Quantity::hook_pre_linear, 10, none).tensor, "ffn_up-10");
  EXPECT_EQ(tensor_tap(llama, Quantity::hook_pre, 1, biased).tensor, "ffn_gate_b-1");
  EXPECT_EQ(tensor_tap(llama, Quantity::hook_pre, 1, biased).op, TensorOp::add);
  const Architecture& phi3 = find_architecture("phi3");
  EXPECT_EQ(tensor_tap(phi3, Quantity::hook_pre, 2, none).tensor, "ffn_up-2");
  EXPECT_FALSE(tensor_tap(phi3, Quantity::hook_pre, 2, none).upper_half);
  EXPECT_TRUE(tensor_tap(phi3, Quantity::hook_pre_linear, 2, none).upper_half);
  const Architecture& gpt2 = find_architecture("gpt2");
  EXPECT_EQ(tensor_tap(gpt2, Quantity::hook_pre, 3, biased).tensor, "ffn_up_b-3");
  EXPECT_EQ(tensor_tap(gpt2, Quantity::hook_post, 3, biased).op, TensorOp::unary);
  EXPECT_THROW(tensor_tap(gpt2, Quantity::hook_pre_linear, 3, biased), Error);
}

}  // namespace
}  // namespace actogram
