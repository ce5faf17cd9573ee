#include "codec/json_numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "actogram/error.h"
#include "codec/decimal_digits.h"

namespace actogram {
namespace {

constexpr size_t kExactDigits = 15;  // below 2^53, and so is every power of ten up to there

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

class NumberList {
 public:
  NumberList(std::string_view list, std::vector<double>& numbers)
      : at_(list.data()), end_(at_ + list.size()), out_(numbers) {}

  FloatDigits read() {
    skip_space();
    expect('[');
    skip_space();
    if (at_ < end_ && *at_ == ']') {
      ++at_;
    } else {
      do {
        skip_space();
        out_.push_back(number());
        ++n_;
        skip_space();
      } while (at_ < end_ && *at_ == ',' && ++at_);
      expect(']');
    }
    skip_space();
    if (at_ != end_) fail_here("the list's end");
    return digits_;
  }

  FloatDigits read_one() {
    out_.push_back(number());
    skip_space();
    if (at_ != end_) fail_here("the number's end");
    return digits_;
  }

 private:
  void skip_space() {
    while (at_ < end_ && is_space(*at_)) ++at_;
  }

  void expect(char c) {
    if (at_ == end_ || *at_ != c) fail_here(c == '[' ? "a list" : "',' or ']'");
    ++at_;
  }

  double number() {
    const char* p = at_;
    const bool negative = p < end_ && *p == '-';
    p += negative;
    const char* first = p;
    uint64_t digits = 0;
    for (; p < end_ && is_digit(*p); ++p) digits = digits * 10 + static_cast<uint64_t>(*p - '0');
    const size_t n_whole = static_cast<size_t>(p - first);
    if (n_whole == 0 || (n_whole > 1 && *first == '0')) return word();
    size_t n_fraction = 0;
    if (p < end_ && *p == '.') {
      const char* point = p++;
      p += add_up_to_8_digits(p, digits);
      for (; p < end_ && is_digit(*p); ++p) digits = digits * 10 + static_cast<uint64_t>(*p - '0');
      n_fraction = static_cast<size_t>(p - point) - 1;
      if (n_fraction == 0) fail_here("a digit after the point");
    }
    if (n_whole + n_fraction > kExactDigits || (p < end_ && (*p == 'e' || *p == 'E'))) {
      return any_number();
    }
    at_ = p;
    const Decimal decimal{digits, n_fraction, negative};
    digits_ = std::max(digits_, digits_of(decimal));
    return decimal.value();
  }

  // How many digits there are at `p`, of eight bytes looked at together; `digits` goes on with
  // them.
  size_t add_up_to_8_digits(const char* p, uint64_t& digits) const {
    if constexpr (!EightBytes::kInOrder) return 0;
    if (end_ - p < 8) return 0;
    const EightBytes eight(p);
    const size_t n = eight.n_digits();
    digits = digits * kPowers[n] + value_of_digits(eight, n);
    return n;
  }

  // Many digits, or an exponent. Its beginning is known to be JSON's.
  double any_number() {
    digits_ = FloatDigits::unknown;
    double value = 0;
    const auto [after, error] = std::from_chars(at_, end_, value);
    if (error == std::errc::result_out_of_range) {
      // Too small is 0, as Python and orjson read it; too large is no number of the file's.
      value = std::strtod(std::string(at_, after).c_str(), nullptr);
      if (std::isinf(value)) fail_here("a number that a double holds");
    } else if (error != std::errc()) {
      fail_here("a number");
    }
    if (after < end_ && (*after == 'e' || *after == 'E')) fail_here("an exponent");
    at_ = after;
    return value;
  }

  double word() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr std::pair<std::string_view, double> kWords[] = {
        {"null", kNan}, {"NaN", kNan}, {"Infinity", kInfinity}, {"-Infinity", -kInfinity}};
    const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
    for (const auto& [word, value] : kWords) {
      if (!rest.starts_with(word)) continue;
      at_ += word.size();
      digits_ = FloatDigits::unknown;
      return value;
    }
    fail_here("a number");
  }

  [[noreturn]] void fail_here(const char* expected) const {
    constexpr size_t kShown = 20;
    const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
    fail(Code::corrupt, "entry {}: expected {}, found {}", n_, expected,
         rest.empty() ? "the end" : "'" + std::string(rest.substr(0, kShown)) + "'");
  }

  const char* at_;
  const char* end_;
  std::vector<double>& out_;
  size_t n_ = 0;
  FloatDigits digits_ = FloatDigits::enough;
};

}  // namespace

FloatDigits append_numbers(std::string_view list, std::vector<double>& numbers) {
  return NumberList(list, numbers).read();
}

FloatDigits append_number(std::string_view entry, std::vector<double>& numbers) {
  return NumberList(entry, numbers).read_one();
}

}  // namespace actogram
