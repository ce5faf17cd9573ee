#include "codec/torch_pickle.h"

#include <gtest/gtest.h>

#include "codec/golden_tensors_test.h"

namespace actogram {
namespace {

using testing::bytes_of;
using testing::message_of;

// A pickle on its own, with one storage of 64 bytes.
StateDict run(const std::string& program) {
  static const std::vector<std::byte> storage(64);
  return read_torch_pickle(
      bytes_of(program), [](const std::string&) { return TensorBytes{storage}; }, "x.pt");
}
std::string broken(const std::string& program, Code code = Code::corrupt) {
  return message_of(code, [&] { run(program); });
}

TEST(TorchPickle, StorageSizesAndShapesAreClaims) {
  // collections of opcodes: ("storage", FloatStorage, "0", "cpu", 16) and so on
  const auto tensor = [](const std::string& n, const std::string& offset, const std::string& shape,
                         const std::string& strides) {
    return "\x80\x02}U\1wctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\n"
           "U\1"
           "0U\3cpu" +
           n + "tQ" + offset + "(" + shape + "t(" + strides + "t\x89}tRs.";
  };
  const auto byte = [](char number) { return std::string{'K', number}; };
  const std::string minus_one = "J\xff\xff\xff\xff",
                    large = "\x8a\x08" + std::string(7, '\xff') + "\x7f";
  const StateDict good = run(tensor(byte(16), byte(4), byte(3), byte(2)));
  EXPECT_EQ(good.tensors.at("w").shape, std::vector<uint64_t>{3});
  broken(tensor(byte(17), byte(0), byte(3), byte(1)));
  broken(tensor(byte(16), byte(14), byte(3), byte(1)));
  broken(tensor(byte(16), byte(0), byte(3), byte(8)));
  broken(tensor(byte(16), minus_one, byte(3), byte(1)));
  broken(tensor(byte(16), byte(0), minus_one, byte(1)));
  broken(tensor(byte(16), byte(0), byte(3), minus_one));
  broken(tensor(large, byte(0), byte(3), byte(1)));
  broken(tensor(byte(16), large, byte(3), byte(1)));
  broken(tensor(byte(16), byte(0), large + large, byte(1) + byte(1)));
  broken(tensor(byte(16), byte(0), byte(3), byte(1) + byte(1)));
}

TEST(TorchPickle, RefusesWhatIsNoProgramOfAStateDict) {
  broken("");
  broken("\x80");
  broken(".");
  broken("}");
  broken("0.");
  broken("(.");
  broken("t.");
  broken("X\xff\xff\xff\xffshort.");
  broken("\x8d" + std::string(8, '\xff') + ".");
  broken("h\1.");
  broken("}K\1K\2K\3u.");
  broken("}NR.");
  broken("Nb.");
  broken("cposix");
  broken("\x8a\x09" + std::string(9, '\1') + ".");
  broken("cposix\nsystem\n(U\4exitt\x85R.", Code::unsupported);
  EXPECT_NE(broken("i", Code::unsupported).find("instruction 0x69 at byte 0"), std::string::npos);
  broken("\x81", Code::unsupported);    // NEWOBJ
  broken("\x82\1", Code::unsupported);  // EXT1
}

TEST(TorchPickle, WhatHoldsItselfEnds) {
  EXPECT_NE(broken("}q\1U\1ah\1s.").find("nest deeper"), std::string::npos);
  std::string doubling = "}q\1U\1aK\1s";  // each dictionary holds the one before twice
  for (char i = 2; i < 40; ++i) {
    doubling += std::string("}q") + i + "U\1ah" + static_cast<char>(i - 1) + "sU\1bh" +
                static_cast<char>(i - 1) + "s";
  }
  EXPECT_NE(broken(doubling + ".").find("more than 100000 names"), std::string::npos);
}

}  // namespace
}  // namespace actogram
