#include "codec/decimal_digits.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <regex>
#include <string>

namespace actogram {
namespace {

// By a pattern and the library.
std::optional<double> by_definition(const std::string& text) {
  static const std::regex kShort("(-?[0-9]\\.[0-9]{1,5})[,\\]][^]*");
  std::smatch match;
  if (!std::regex_match(text, match, kShort)) return std::nullopt;
  return std::strtod(match[1].str().c_str(), nullptr);
}

void expect_same(const std::string& text) {
  const auto expected = by_definition(text);
  const auto found = short_decimal((text + std::string(9, '\0')).c_str());
  ASSERT_EQ(found.has_value(), expected.has_value()) << text;
  if (!found) return;
  EXPECT_EQ(std::bit_cast<uint64_t>(*found), std::bit_cast<uint64_t>(*expected)) << text;
}

TEST(ShortDecimal, IsTheNearestDouble) {
  for (uint32_t digits = 0; digits < 1'000'000; ++digits) {
    char text[16];
    std::snprintf(text, sizeof(text), "%s%u.%05u", digits % 2 == 0 ? "-" : "", digits / 100'000,
                  digits % 100'000);
    const std::string number = std::string(text).substr(0, std::strlen(text) - digits % 5);
    const std::string entry = number + (digits % 3 == 0 ? "]" : ", 1");
    const auto found = short_decimal((entry + std::string(9, ' ')).c_str());
    ASSERT_TRUE(found) << entry;
    ASSERT_EQ(std::bit_cast<uint64_t>(*found),
              std::bit_cast<uint64_t>(std::strtod(number.c_str(), nullptr)))
        << entry;
  }
}

TEST(ShortDecimal, IsNothingElse) {
  std::mt19937_64 random(11);
  const std::string characters = "0123456789012345678900..--,,]] eE+\"\xc3\xff";
  size_t n_short = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text = round % 2 == 0 ? "0." : "-1.";  // half of them are nearly right
    if (round % 4 == 0) text.clear();
    for (size_t n = random() % 10; n > 0; --n) text += characters[random() % characters.size()];
    expect_same(text);
    n_short += by_definition(text).has_value();
  }
  EXPECT_GT(n_short, 10'000u);
}

}  // namespace
}  // namespace actogram
