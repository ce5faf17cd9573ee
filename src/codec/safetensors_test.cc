#include "codec/safetensors.h"

#include <gtest/gtest.h>

#include "codec/golden_tensors_test.h"
#include "codec/safetensors_writer.h"

namespace actogram {
namespace {

using testing::bytes_of;
using testing::message_of;

std::string file_of(const std::string& header, const std::string& data) {
  std::string text(8, '\0');
  const uint64_t length = header.size();
  for (size_t i = 0; i < 8; ++i) text[i] = static_cast<char>(length >> (8 * i));
  return text + header + data;
}

std::string refused(const std::string& file, Code code = Code::corrupt) {
  return message_of(code, [&] { read_safetensors(bytes_of(file), "x.safetensors"); });
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}";
}

TEST(Safetensors, ReadsEveryTypeThatTheLibraryWrote) {
  const MappedFile file(testing::golden_tensors("types.safetensors"));
  testing::expect_tensors(read_safetensors(file.bytes(), "types"), "types.safetensors");
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const TensorSpec tensors[] = {{"b", {2}}, {"a", {2, 1}}};
  const std::pair<std::string, std::string> metadata[] = {{"format", "pt"}, {"é", "{\"x\": 1}"}};
  std::string file = safetensors_front(tensors, metadata);
  EXPECT_EQ(file.size() % 8, 0u);
  const float numbers[] = {1, 2, 3, 4};
  file.append(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  const NamedTensors found = read_safetensors(bytes_of(file), "x");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found.at("a").shape, (std::vector<uint64_t>{2, 1}));
  EXPECT_EQ(to_floats(found.at("a")), (std::vector<float>{3, 4}));
  EXPECT_EQ(to_floats(found.at("b")), (std::vector<float>{1, 2}));
  const Json texts = safetensors_metadata(bytes_of(file), "x");
  EXPECT_EQ(to_text(texts), R"({"format":"pt","é":"{\"x\": 1}"})");
}

TEST(Safetensors, WhatIsWrittenMayBeOfAnyType) {
  const TensorSpec tensors[] = {
      {"tokens", {1, 2}, Dtype::i64}, {"halves", {1}, Dtype::f16}, {"places", {3}, Dtype::u16}};
  std::string file = safetensors_front(tensors, {});
  const int64_t tokens[] = {-1, int64_t{1} << 40};
  const uint16_t rest[] = {0x3c00, 1, 2, 65535};
  file.append(reinterpret_cast<const char*>(tokens), sizeof(tokens));
  file.append(reinterpret_cast<const char*>(rest), sizeof(rest));
  const NamedTensors found = read_safetensors(bytes_of(file), "x");
  ASSERT_EQ(found.size(), 3u);
  int64_t numbers[2];
  copy_integers(found.at("tokens"), 0, 1, numbers);
  EXPECT_EQ(numbers[1], int64_t{1} << 40);
  EXPECT_EQ(to_floats(found.at("halves")), (std::vector<float>{1}));
  EXPECT_EQ(to_floats(found.at("places")), (std::vector<float>{1, 2, 65535}));
}

TEST(Safetensors, MetadataIsTexts) {
  EXPECT_TRUE(safetensors_metadata(bytes_of(file_of("{}", "")), "x").empty());
  for (const char* header : {R"({"__metadata__":[]})", R"({"__metadata__":{"a":1}})"}) {
    EXPECT_EQ(message_of(Code::corrupt,
                         [&] { safetensors_metadata(bytes_of(file_of(header, "")), "x"); }),
              "x: __metadata__: expected texts by name");
  }
}

TEST(Safetensors, AHeaderCannotClaimMoreThanTheFile) {
  EXPECT_EQ(refused("1234567"), "x.safetensors: not safetensors: 7 bytes are too short for it");
  EXPECT_EQ(refused(std::string(8, '\xff') + "{}"),
            "x.safetensors: not safetensors: it claims a header of 18446744073709551615 bytes in a "
            "file of 10");
  EXPECT_EQ(refused(std::string("\3\0\0\0\0\0\0\0{}", 10)),
            "x.safetensors: not safetensors: it claims a header of 3 bytes in a file of 10");
  const std::string whole = file_of("{" + entry("w", "[2]", "[0,8]") + "}", std::string(8, '\0'));
  EXPECT_EQ(read_safetensors(bytes_of(whole), "x").size(), 1u);
  for (size_t n = 0; n < whole.size(); ++n) {
    SCOPED_TRACE(n);
    refused(whole.substr(0, n));
  }
}

TEST(Safetensors, ATensorCannotClaimMoreThanItsBytes) {
  const std::string data(8, '\0');
  const auto one = [&](const std::string& shape, const std::string& offsets) {
    return file_of("{" + entry("w", shape, offsets) + "}", data);
  };
  EXPECT_EQ(refused(one("[2]", "[0,9]")),
            "x.safetensors: w: `data_offsets` are [0, 9], and there are 8 bytes of data");
  EXPECT_EQ(refused(one("[3]", "[0,8]")),
            "x.safetensors: w: [3] float32 does not fit in its 8 bytes");
  EXPECT_EQ(refused(one("[1]", "[0,8]")), "x.safetensors: w: [1] float32 in 8 bytes");
  refused(one("[2]", "[8,0]"));
  refused(one("[2]", "[0]"));
  refused(one("[2]", "[-1,7]"));
  refused(one("[4294967296,4294967296,4294967296]", "[0,8]"));
  refused(one("[0,4294967296,4294967296,4294967296]", "[0,0]"));
  refused(one("2", "[0,8]"));
  EXPECT_EQ(refused(one("[1]", "[0,4]")),
            "x.safetensors: the tensors end at byte 4 of 8 bytes of data");
}

TEST(Safetensors, TensorsCoverTheDataOnce) {
  const std::string data(8, '\0');
  const auto two = [&](const std::string& a, const std::string& b) {
    return file_of("{" + entry("a", "[1]", a) + "," + entry("b", "[1]", b) + "}", data);
  };
  EXPECT_EQ(read_safetensors(bytes_of(two("[4,8]", "[0,4]")), "x").size(), 2u);
  EXPECT_EQ(refused(two("[0,4]", "[0,4]")), "x.safetensors: tensors overlap at byte 0 of the data");
  refused(two("[0,4]", "[3,7]"));
}

TEST(Safetensors, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(refused(file_of("{" + entry("w", "[8]", "[0,8]", "F8_E4M3") + "}", std::string(8, 0)),
                    Code::unsupported),
            "x.safetensors: w: elements of type F8_E4M3 are not read by this version");
  refused(file_of("[]", ""));
  refused(file_of("{\"w\":1}", ""));
  refused(file_of("{\"w\":{}}", ""));
  refused(file_of("nonsense", ""));
}

}  // namespace
}  // namespace actogram
