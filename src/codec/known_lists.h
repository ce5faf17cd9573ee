// Lists of token strings that were read before, by the hash of their JSON. The excerpts of a data
// set come out of one pool, so most lists of a record have come before, byte for byte, and what
// they are need not be read again.
//
// A cache of a fixed 3 MB: there are four places for a hash, and the one that was filled first
// gives way. Like the hash itself it tells apart whatever was not made to be mistaken. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hash.h"

namespace actogram {

class KnownLists {
 public:
  struct List {
    Hash128 json{};  // of the list as it stands in the document, from bracket to bracket
    uint32_t n_tokens = 0;
    uint32_t number = 0;  // what the caller knows it by
  };

  // Nothing, if it never came or was forgotten; until the next add().
  const List* find(const Hash128& json) const {
    for (const List& list : sets_[json.low % kSets]) {
      if (list.json == json && list.n_tokens > 0) return &list;
    }
    return nullptr;
  }

  // Requires: it has tokens.
  void add(const List& list) {
    if (find(list.json) != nullptr) return;
    Set& set = sets_[list.json.low % kSets];
    std::move_backward(set.begin(), set.end() - 1, set.end());
    set.front() = list;
  }

 private:
  static constexpr size_t kSets = size_t{1} << 15;
  using Set = std::array<List, 4>;

  std::vector<Set> sets_ = std::vector<Set>(kSets);
};

}  // namespace actogram
