// The tokens at which sparse units' values are known, where that is not all of them: a data set of
// others may have sampled some (sampled_tokens.arrow), and a model's values may have been NaN or
// infinite, so that an SAE made nothing of them (unknown_tokens.arrow).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/known_tokens.h"
#include "store/corpus_tables.h"

namespace actogram {

// A token of which nothing is known at a site.
struct UnknownToken {
  uint32_t site = 0;   // index into the manifest's sites
  uint32_t token = 0;  // row of tokens.arrow

  auto operator<=>(const UnknownToken&) const = default;
};

// `tokens` ascend; a list without any is no table.
void write_sampled_tokens(const std::string& folder, std::span<const uint32_t> tokens,
                          StoredFiles& into);
// In any order.
void write_unknown_tokens(const std::string& folder, std::vector<UnknownToken> unknown,
                          StoredFiles& into);

// Both lists, in memory.
class TokenLists {
 public:
  TokenLists() = default;
  // Those of `files` that are among the two. Error{corrupt} where tokens do not ascend.
  TokenLists(const std::string& folder, const StoredFiles& files);

  bool is_sampled() const { return is_sampled_; }
  std::span<const uint32_t> sampled() const { return sampled_; }
  // Ascending.
  std::span<const uint32_t> unknown(size_t site) const;
  // Lives as long as this.
  KnownTokens known(size_t site) const;

 private:
  bool is_sampled_ = false;
  std::vector<uint32_t> sampled_;
  std::vector<std::vector<uint32_t>> unknown_;  // [site], as far as any is unknown
};

}  // namespace actogram
