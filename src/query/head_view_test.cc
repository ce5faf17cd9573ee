#include "query/head_view.h"

#include <gtest/gtest.h>

namespace actogram {
namespace {

TEST(StrongestKeys, AreHighestFirstAndAboveZero) {
  ExcerptPairs pairs{.key = 0, .n = 3, .pattern = {1, .5F, .5F, 0, .25F, -1}, .key_norms = {}};
  const auto keys = strongest_keys(pairs, 2, 5);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].key, 1u);
  pairs.key_norms = {2, 4, 1};
  const auto scaled = strongest_keys(pairs, 1, 1);
  ASSERT_EQ(scaled.size(), 1u);
  EXPECT_EQ(scaled[0].key, 1u);
  EXPECT_EQ(scaled[0].value, 2);
  pairs.key_norms = {2, 2, 1};
  EXPECT_EQ(strongest_keys(pairs, 1, 5)[0].key, 0u) << "the earlier key among equals";
}

}  // namespace
}  // namespace actogram
