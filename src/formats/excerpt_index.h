// Which excerpts were seen: a hash of each, and its number. 24 bytes an excerpt and the free places
// of a table that is at most two thirds full. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/hash.h"

namespace actogram {

class ExcerptIndex {
 public:
  // The number of an excerpt that was added before.
  std::optional<uint32_t> find(const Hash128& hash) const {
    for (size_t at = hash.low & mask_; slots_[at].number != kNone; at = (at + 1) & mask_) {
      if (slots_[at].hash == hash) return slots_[at].number;
    }
    return std::nullopt;
  }

  // Requires: it is not there.
  void add(const Hash128& hash, uint32_t number) {
    if (3 * (n_ + 1) > 2 * slots_.size()) grow();
    put({hash, number});
    ++n_;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Slot {
    Hash128 hash;
    uint32_t number = kNone;
  };

  void put(const Slot& slot) {
    size_t at = slot.hash.low & mask_;
    while (slots_[at].number != kNone) at = (at + 1) & mask_;
    slots_[at] = slot;
  }

  void grow() {
    std::vector<Slot> before(2 * slots_.size());
    before.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : before) {
      if (slot.number != kNone) put(slot);
    }
  }

  size_t mask_ = 1023;
  std::vector<Slot> slots_ = std::vector<Slot>(mask_ + 1);
  size_t n_ = 0;
};

}  // namespace actogram
