#include "codec/json_text.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

namespace actogram {
namespace {

TEST(JsonText, SaysWhatTheTreeSays) {
  const std::array<float, 3> numbers = {1, -0.5F, 3e-12F};
  JsonText text;
  text.open('{').member("a", 1).key("list").open('[').open('{').close('}').open('[').close(']');
  text.add("b").add(true).add(Json{{"c", {1, 2}}}).close(']').member("span", std::span(numbers));
  text.members_of({{"d", nullptr}, {"e", "f"}}).close('}');
  const Json expected = {{"a", 1},
                         {"list", {Json::object(), Json::array(), "b", true, {{"c", {1, 2}}}}},
                         {"span", numbers},
                         {"d", nullptr},
                         {"e", "f"}};
  EXPECT_EQ(parse_json(text.take(), "text"), expected);
}

TEST(JsonText, KeepsEveryNumber) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    const auto number = std::bit_cast<double>(random());
    const auto small = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(number) || !std::isfinite(small)) continue;
    const std::array<double, 2> both = {number, small};
    const Json read = parse_json(JsonText().add(std::span(both)).take(), "text");
    ASSERT_EQ(std::bit_cast<uint64_t>(read[0].get<double>()), std::bit_cast<uint64_t>(number));
    ASSERT_EQ(std::bit_cast<uint32_t>(read[1].get<float>()), std::bit_cast<uint32_t>(small));
  }
  for (const double whole : {0.0, -0.0, 1.0, 1e15, 1e300}) {
    const Json read = parse_json(JsonText().add(whole).take(), "text");
    EXPECT_TRUE(read.is_number_float()) << whole;
    EXPECT_EQ(std::signbit(read.get<double>()), std::signbit(whole));
  }
  EXPECT_EQ(JsonText().add(std::numeric_limits<uint64_t>::max()).take(), "18446744073709551615");
  EXPECT_EQ(JsonText().add(std::numeric_limits<int64_t>::min()).take(), "-9223372036854775808");
  EXPECT_EQ(JsonText().add(std::numeric_limits<double>::quiet_NaN()).take(), "null");
  EXPECT_EQ(JsonText().add(-std::numeric_limits<float>::infinity()).take(), "null");
}

TEST(JsonText, WritesAnyBytesAsTheTreeDoes) {
  for (const std::string& text :
       {std::string(""), std::string("a\0b", 3), std::string("\x7f\x1f\t\n"), std::string("\"\\/"),
        std::string("h\u00e9 \u4e2d \U0001f600"), std::string("\xff\xe4\xb8"),
        std::string("<script>&")}) {
    EXPECT_EQ(JsonText().add(text).take(), to_text(Json(text)));
  }
  std::mt19937 random(5);
  constexpr std::string_view kBytes = "\x01\x1f \x7f\"\\\t\n[]!#abc";
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 40, 'x');
    for (uint32_t n = random() % 4; n > 0 && !text.empty(); --n) {
      text[random() % text.size()] = kBytes[random() % kBytes.size()];
    }
    if (i % 3 == 0) text += "\u00e9" + text;
    ASSERT_EQ(JsonText().add(text).take(), to_text(Json(text))) << "seed 5";
  }
}

TEST(JsonText, PacksNumbersAsBase64) {
  const std::array<float, 2> two = {1, -2};  // 00 00 80 3f 00 00 00 c0
  EXPECT_EQ(JsonText().add_packed(std::span<const float>(two)).take(), R"("AACAPwAAAMA=")");
  const std::array<int32_t, 2> whole = {-1, 0x01020304};
  EXPECT_EQ(JsonText().add_packed(std::span<const int32_t>(whole)).take(), R"("/////wQDAgE=")");
  EXPECT_EQ(JsonText().add_packed(std::span<const float>()).take(), R"("")");
}

}  // namespace
}  // namespace actogram
