// Which tokens a sparse unit's events are known of. At those it is 0 where it has no event; at the
// others nothing is known of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

namespace actogram {

class KnownTokens {
 public:
  static KnownTokens all() { return {Kind::all, {}}; }
  // Ascending rows of tokens.arrow, which must live as long as this.
  static KnownTokens only(std::span<const uint32_t> tokens) { return {Kind::only, tokens}; }
  static KnownTokens all_but(std::span<const uint32_t> tokens) { return {Kind::all_but, tokens}; }

  // How many of the tokens [begin, end).
  uint64_t count(uint64_t begin, uint64_t end) const {
    if (kind_ == Kind::all) return end - begin;
    const auto listed = static_cast<uint64_t>(first_listed(end) - first_listed(begin));
    return kind_ == Kind::only ? listed : end - begin - listed;
  }

  // The first from `begin` on, below `end`.
  std::optional<uint64_t> first(uint64_t begin, uint64_t end) const {
    auto listed = first_listed(begin);
    uint64_t token = begin;
    if (kind_ == Kind::only) {
      if (listed == tokens_.end()) return std::nullopt;
      token = *listed;
    } else {
      for (; listed != tokens_.end() && *listed == token; ++listed) ++token;
    }
    return token < end ? std::optional(token) : std::nullopt;
  }

 private:
  enum class Kind : uint8_t { all, only, all_but };

  KnownTokens(Kind kind, std::span<const uint32_t> tokens) : kind_(kind), tokens_(tokens) {}

  std::span<const uint32_t>::iterator first_listed(uint64_t token) const {
    return std::ranges::lower_bound(tokens_, token);
  }

  Kind kind_;
  std::span<const uint32_t> tokens_;
};

}  // namespace actogram
