// An attention head's page: how its pattern lies, which tokens it joins, and excerpts with all
// pairs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/head_record.h"
#include "query/excerpt.h"

namespace actogram {

class Recording;

HeadView view_of(const Recording& recording, const HeadRecord& head);

// Values of the tokens are those that the excerpt's query has with them as keys.
Excerpt excerpt_of(const Recording& recording, const HeadPeak& peak);

// A query's keys with the highest values, highest first (the earlier key among equals), no value of
// 0 or less among them. `query` is a position within the window.
struct StrongKey {
  uint32_t key = 0;  // position within the window
  float value = 0;
};
std::vector<StrongKey> strongest_keys(const ExcerptPairs& pairs, uint32_t query, size_t n);

}  // namespace actogram
