#include "base/base64.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace actogram {
namespace {

std::string base64(std::string_view bytes) {
  std::string text(base64_room(bytes.size()), '?');
  const char* end = write_base64(std::as_bytes(std::span(bytes)), text.data());
  EXPECT_EQ(end, text.data() + text.size() - 1);
  text.pop_back();
  return text;
}

TEST(Base64, IsThatOfRfc4648) {  // section 10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

// The definition: six bits a character, the highest first.
std::string one_by_one(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
    size_t six = 0;
    for (size_t b = bit; b < bit + 6; ++b) {
      const bool set = b / 8 < bytes.size() && (bytes[b / 8] >> (7 - b % 8) & 1) != 0;
      six = six * 2 + set;
    }
    text += kAlphabet[six];
  }
  text.resize((bytes.size() + 2) / 3 * 4, '=');
  return text;
}

TEST(Base64, OfAnyLengthIsItsDefinition) {
  std::mt19937 random(7);
  for (const size_t n : {1, 255, 3071, 3072, 3073, (3 << 20) - 1, (3 << 20) + 1}) {
    std::string bytes(n, '\0');
    std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
    EXPECT_EQ(base64(bytes), one_by_one(bytes)) << n << " bytes, seed 7";
  }
}

}  // namespace
}  // namespace actogram
