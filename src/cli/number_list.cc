#include "cli/number_list.h"

#include <algorithm>
#include <charconv>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr uint32_t kMost = 100000;

bool parse(std::string_view text, uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number < kMost;
}

}  // namespace

std::vector<uint32_t> parse_number_list(std::string_view text) {
  std::vector<uint32_t> numbers;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    const size_t dash = std::min(part.find('-'), part.size());
    uint32_t first = 0, last = 0;
    const bool one = dash == part.size();
    if (!parse(part.substr(0, dash), first) || (!one && !parse(part.substr(dash + 1), last))) {
      fail(Code::invalid, "'{}' is not a list of numbers; write it like 0-5,12", text);
    }
    if (one) last = first;
    if (last < first) fail(Code::invalid, "'{}' runs backwards; write it like 0-5,12", part);
    for (uint32_t number = first; number <= last; ++number) numbers.push_back(number);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
  return numbers;
}

}  // namespace actogram
