#include "codec/decimal_digits.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <regex>
#include <string>

namespace actogram {
namespace {

const std::string kBehind(64, '\0');  // what a document has behind it

// By a pattern and the library.
std::optional<double> by_definition(const std::string& text, const std::regex& form) {
  std::smatch match;
  if (!std::regex_match(text, match, form)) return std::nullopt;
  return std::strtod(match[1].str().c_str(), nullptr);
}

void expect_same(const std::string& text, std::optional<Decimal> found,
                 std::optional<double> expected) {
  ASSERT_EQ(found.has_value(), expected.has_value()) << text;
  if (!found) return;
  EXPECT_EQ(std::bit_cast<uint64_t>(found->value()), std::bit_cast<uint64_t>(*expected)) << text;
}

TEST(Decimal, IsTheNearestDouble) {
  for (uint32_t digits = 0; digits < 1'000'000; ++digits) {
    const std::string all =
        fmt::format("{}{}.{:05}", digits % 2 == 0 ? "-" : "", digits / 100'000, digits % 100'000);
    const std::string number = all.substr(0, all.size() - digits % 5);
    const std::string entry = number + (digits % 3 == 0 ? "]" : ", 1");
    const double expected = std::strtod(number.c_str(), nullptr);
    expect_same(entry, short_decimal((entry + kBehind).c_str()), expected);
    expect_same(entry, long_decimal((entry + kBehind).c_str()), expected);
  }
}

// Half of the texts are nearly right.
TEST(Decimal, IsOfItsFormAndNothingElse) {
  const std::regex short_form("(-?[0-9]\\.[0-9]{1,5})[,\\]][^]*");
  const std::regex long_form("(-?[0-9]\\.[0-9]{1,14})[,\\]][^]*");
  const std::string any = "0123456789012345678900..--,,]] eE+\"\xc3\xff";
  std::mt19937_64 random(11);
  size_t n_short = 0, n_long = 0;
  for (int round = 0; round < 400'000; ++round) {
    std::string text = round % 4 == 0 ? "" : round % 4 == 1 ? "-1." : "0.";
    for (size_t n = round % 3 == 0 ? random() % 17 : 0; n > 0; --n) text += any[random() % 10];
    for (size_t n = random() % 8; n > 0; --n) text += any[random() % any.size()];
    const auto as_short = by_definition(text, short_form), as_long = by_definition(text, long_form);
    expect_same(text, short_decimal((text + kBehind).c_str()), as_short);
    expect_same(text, long_decimal((text + kBehind).c_str()), as_long);
    n_short += as_short.has_value();
    n_long += as_long && !as_short;
  }
  EXPECT_GT(n_short, 10'000u);
  EXPECT_GT(n_long, 5000u);
}

}  // namespace
}  // namespace actogram
