#include "codec/torch_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "codec/golden_tensors_test.h"

namespace actogram {
namespace {

using testing::bytes_of;
using testing::golden_tensors;
using testing::message_of;

StateDict read(const std::string& name) {
  // The tensors of a mapped file would not outlive it here.
  static std::map<std::string, std::string> files;
  std::string& file = files[name];
  file = read_file(golden_tensors(name));
  return read_torch_file(bytes_of(file), name);
}

std::string refused(const std::string& name, Code code) {
  return message_of(code, [&] { read(name); });
}

TEST(TorchFile, ReadsOffsetsStridesAndEveryType) {
  for (const char* name : {"protocol2.pt", "protocol4.pt"}) {
    const StateDict found = read(name);
    testing::expect_tensors(found.tensors, name);
    EXPECT_EQ(found.tensors.at("columns_first").strides, (std::vector<uint64_t>{1, 8}));
    EXPECT_EQ(found.tensors.at("part").strides, (std::vector<uint64_t>{8, 3}));
    const std::map<std::string, Scalar> scalars = {{"activation", "TopK"},
                                                   {"activation_state_dict.k", int64_t{32}},
                                                   {"activation_state_dict.nested.deep", -1.5},
                                                   {"activation_state_dict.postact_fn", "ReLU"},
                                                   {"large", int64_t{1} << 40},
                                                   {"negative", int64_t{-3}},
                                                   {"yes", true}};
    EXPECT_EQ(found.scalars, scalars);
  }
  testing::expect_tensors(read("state_dict.pt").tensors, "state_dict.pt");
}

TEST(TorchFile, RunsNothing) {
  const std::string system = refused("os_system.pt", Code::unsupported);
  EXPECT_NE(system.find("os_system.pt: it asks for posix.system"), std::string::npos) << system;
  EXPECT_NE(system.find("nothing was run"), std::string::npos) << system;
  const std::string eval = refused("eval.pt", Code::unsupported);
  EXPECT_NE(eval.find("it asks for builtins.eval"), std::string::npos) << eval;
  EXPECT_NE(refused("module.pt", Code::unsupported).find("torch.nn.modules.linear.Linear"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists("RAN"));
}

TEST(TorchFile, SaysWhatElseIsNotAStateDict) {
  EXPECT_EQ(refused("before_1_6.pt", Code::unsupported),
            "before_1_6.pt: saved by PyTorch before 1.6; load it in Python and torch.save() it "
            "again");
  EXPECT_EQ(refused("list.pt", Code::corrupt),
            "list.pt: holds no dictionary; save a module's state_dict()");
  EXPECT_EQ(refused("stored.npz", Code::corrupt),
            "stored.npz: a ZIP archive, but not of torch.save(): it has no data.pkl");
  EXPECT_EQ(refused("make.py", Code::corrupt),
            "make.py: not a file of torch.save(): it does not begin like a ZIP archive");
  EXPECT_NE(refused("expanded.pt", Code::corrupt).find("[1000, 1000] float32 does not fit"),
            std::string::npos);
}

TEST(TorchFile, ATruncatedFileIsRefused) {
  const std::string whole = read_file(golden_tensors("protocol2.pt"));
  for (size_t n = 0; n < whole.size(); n += 7) {
    message_of(Code::corrupt, [&] { read_torch_file(bytes_of(whole.substr(0, n)), "x.pt"); });
  }
}

TEST(TorchFile, DamageIsRefusedOrHarmless) {
  const std::string whole = read_file(golden_tensors("protocol4.pt"));
  for (unsigned seed = 0; seed < 5000; ++seed) {
    std::mt19937 rng(seed);
    std::string damaged = whole;
    damaged[rng() % whole.size()] = static_cast<char>(rng());
    try {
      for (const auto& [name, tensor] : read_torch_file(bytes_of(damaged), "x.pt").tensors) {
        to_floats(tensor);
      }
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace actogram
