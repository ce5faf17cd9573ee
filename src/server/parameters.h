// What follows the "?" of an address, read with a check: whatever a visitor wrote that cannot be
// meant is Error{invalid} and names the parameter, what was found and what is expected.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace actogram {

class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(std::map<std::string, std::string, std::less<>> values)
      : values_(std::move(values)) {}

  // Error{invalid} unless each is one of `known`, which are separated by spaces.
  void check(std::string_view known) const;

  bool has(std::string_view name) const { return values_.contains(name); }
  std::string_view text(std::string_view name) const;  // "" where it is not given
  // From `least` to `most`, or `standard` where it is not given.
  uint64_t number(std::string_view name, uint64_t standard, uint64_t least, uint64_t most) const;
  // Finite; nothing where it is not given.
  std::optional<double> real(std::string_view name) const;
  // Which of `choices`, the first where it is not given.
  size_t choice(std::string_view name, std::span<const std::string_view> choices) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace actogram
