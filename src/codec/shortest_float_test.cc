#include "codec/shortest_float.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <random>
#include <string>

namespace actogram {
namespace {

// By the library: it writes the float32, and that is the number.
bool by_definition(const Decimal& decimal) {
  const double value = decimal.magnitude();
  char text[64];
  const auto [end, error] = std::to_chars(text, std::end(text), static_cast<float>(value));
  double back = 0;
  std::from_chars(text, end, back);
  return error == std::errc() && back == value;
}

Decimal decimal_of(const std::string& text) {
  Decimal decimal;
  bool behind = false;
  for (const char c : text) {
    if (c == '.') {
      behind = true;
    } else {
      decimal.digits = decimal.digits * 10 + static_cast<uint64_t>(c - '0');
      decimal.n_fraction += behind;
    }
  }
  return decimal;
}

TEST(ShortestFloat, IsSureOnlyOfWhatIsSo) {
  std::mt19937_64 random(3);
  size_t n_so = 0, n_sure = 0, n_not = 0;
  for (int round = 0; round < 2'000'000; ++round) {
    // All exponents from 2^-20 to 2^28, and often the neighbours of powers of two.
    auto bits = static_cast<uint32_t>((107 + random() % 48) << 23);
    bits += static_cast<uint32_t>(round % 4 == 0 ? random() % 16 - 8 : random() % (1 << 23));
    const auto value = std::bit_cast<float>(bits);
    Decimal decimal = decimal_of(round % 2 == 0 ? fmt::format("{}", value)
                                                : fmt::format("{:.{}f}", value, 1 + random() % 9));
    if (round % 8 == 0) decimal.digits += random() % 3 - 1;
    const bool so = by_definition(decimal);
    const bool sure = surely_shortest_float(decimal);
    ASSERT_TRUE(so || !sure) << decimal.digits << " / 10^" << decimal.n_fraction;
    n_so += so && decimal.digits > 999'999 && decimal.n_fraction > 0 && decimal.digits % 10 > 0;
    n_sure += sure && decimal.digits > 999'999;
    n_not += !so;
  }
  EXPECT_GT(n_sure, n_so * 9 / 10);
  EXPECT_GT(n_not, 100'000u);
}

}  // namespace
}  // namespace actogram
