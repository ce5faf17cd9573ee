#include "server/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "actogram/error.h"

namespace actogram {
namespace {

// Whether `word` is one of `words`, which are separated by spaces.
bool is_among(std::string_view word, std::string_view words) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

template <typename T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void Parameters::check(std::string_view known) const {
  for (const auto& [name, value] : values_) {
    if (is_among(name, known)) continue;
    fail(Code::invalid, "?{}: there is no such parameter here; {}", name,
         known.empty() ? "there are none" : fmt::format("there are: {}", known));
  }
}

std::string_view Parameters::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

uint64_t Parameters::number(std::string_view name, uint64_t standard, uint64_t least,
                            uint64_t most) const {
  if (!has(name)) return standard;
  const auto value = parse<uint64_t>(text(name));
  if (value && *value >= least && *value <= most) return *value;
  fail(Code::invalid, "?{}: expected a number from {} to {}, found '{}'", name, least, most,
       text(name));
}

std::optional<double> Parameters::real(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  const auto value = parse<double>(text(name));
  if (value && std::isfinite(*value)) return value;
  fail(Code::invalid, "?{}: expected a number such as -1.5, found '{}'", name, text(name));
}

size_t Parameters::choice(std::string_view name, std::span<const std::string_view> choices) const {
  if (!has(name)) return 0;
  const auto found = std::ranges::find(choices, text(name));
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  fail(Code::invalid, "?{}: expected one of {}, found '{}'", name, fmt::join(choices, ", "),
       text(name));
}

}  // namespace actogram
