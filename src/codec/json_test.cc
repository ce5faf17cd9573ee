#include "codec/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace actogram {
namespace {

std::string message_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::corrupt);
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

TEST(Json, FloatsComeBackBitForBit) {
  for (unsigned seed = 0; seed < 20000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    const auto single = std::bit_cast<float>(uint32_t(rng()));
    const auto whole = std::bit_cast<double>(rng());
    if (!std::isfinite(single) || !std::isfinite(whole)) continue;
    const Json back = parse_json(to_text({{"f", single}, {"d", whole}}), "test");
    EXPECT_EQ(field<float>(back, "f", "test"), single);
    EXPECT_EQ(field<double>(back, "d", "test"), whole);
  }
}

TEST(Json, WritesNanAndInfinityAsNullAndReadsThemAsNan) {
  EXPECT_EQ(to_text({{"a", NAN}, {"b", -INFINITY}}), R"({"a":null,"b":null})");
  EXPECT_TRUE(std::isnan(field<double>(parse_json(R"({"a":null})", "test"), "a", "test")));
}

TEST(Json, WritesInvalidUtf8WithoutThrowing) {
  EXPECT_EQ(to_text(Json("a\xff"
                         "b")),
            "\"a\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(to_text(Json("\xe2\x82")), "\"\xef\xbf\xbd\"");
}

TEST(Json, KeepsTheOrderOfMembers) {
  const std::string text = R"({"z":1,"a":{"y":[],"b":2}})";
  EXPECT_EQ(to_text(parse_json(text, "test")), text);
}

TEST(Json, NamesTheTextAndTheByteThatIsNotJson) {
  const std::string message = message_of([] { parse_json(R"({"a": nul})", "x.json"); });
  EXPECT_TRUE(message.starts_with("x.json: not JSON at byte 10")) << message;
  message_of([] { parse_json("", "x.json"); });
  message_of([] { parse_json("{} {}", "x.json"); });
  message_of([] { parse_json("1e999", "x.json"); });
  message_of([] { parse_json("\"\xff\"", "x.json"); });
}

TEST(Json, RefusesToNestWithoutBound) {
  const auto nested = [](int depth) {
    return std::string(depth, '[') + R"("]]]\"[[[[")" + std::string(depth, ']');
  };
  EXPECT_NO_THROW(parse_json(nested(kMaxJsonDepth), "test"));
  message_of([&] { parse_json(nested(kMaxJsonDepth + 1), "test"); });
  message_of([&] { parse_json(std::string(10'000'000, '['), "test"); });
}

TEST(Json, FieldNeverConvertsSilently) {
  const Json object = parse_json(R"({"n":-1,"big":4294967296,"x":1.5,"s":"7","t":true})", "test");
  EXPECT_EQ(field<int32_t>(object, "n", "test"), -1);
  EXPECT_EQ(field<uint64_t>(object, "big", "test"), 4294967296u);
  EXPECT_EQ(field<std::string>(object, "s", "test"), "7");
  EXPECT_TRUE(field<bool>(object, "t", "test"));
  EXPECT_EQ(message_of([&] { field<uint32_t>(object, "n", "m.json"); }),
            "m.json: `n`: expected an integer in range, found -1");
  message_of([&] { field<uint32_t>(object, "big", "m.json"); });
  message_of([&] { field<int>(object, "x", "m.json"); });
  message_of([&] { field<int>(object, "s", "m.json"); });
  message_of([&] { field<bool>(object, "n", "m.json"); });
  message_of([&] { field<std::string>(object, "t", "m.json"); });
  EXPECT_EQ(message_of([&] { field<int>(object, "absent", "m.json"); }),
            "m.json: `absent` is missing");
  message_of([&] { field<int>(Json::array(), "n", "m.json"); });
}

}  // namespace
}  // namespace actogram
