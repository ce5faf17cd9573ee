#include "formats/pair_triangle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace actogram {
namespace {

// By counting the pairs.
size_t n_pairs(size_t n_tokens, size_t n_keys) {
  size_t n = 0;
  for (size_t query = 0; query < n_tokens; ++query) {
    for (size_t key = 0; key <= query && key < n_keys; ++key) ++n;
  }
  return n;
}

TEST(PairTriangle, FollowsFromTheTwoLengths) {
  for (size_t n_tokens = 0; n_tokens <= 70; ++n_tokens) {
    std::map<size_t, size_t> keys_of;
    for (size_t n_keys = 1; n_keys <= n_tokens; ++n_keys) {
      keys_of[n_pairs(n_tokens, n_keys)] = n_keys;
    }
    EXPECT_EQ(keys_of.size(), n_tokens);
    for (size_t n_values = 0; n_values <= triangle_number(n_tokens) + 2; ++n_values) {
      const auto found = pair_triangle(n_tokens, n_values);
      const auto expected = keys_of.find(n_values);
      ASSERT_EQ(found.has_value(), expected != keys_of.end()) << n_tokens << " " << n_values;
      if (found) {
        EXPECT_EQ(*found, (PairTriangle{n_tokens, expected->second}));
      }
    }
  }
}

TEST(PairTriangle, BecomesSquareAndComesBack) {
  for (size_t n_tokens = 1; n_tokens <= 12; ++n_tokens) {
    for (size_t n_keys = 1; n_keys <= n_tokens; ++n_keys) {
      std::vector<double> values;
      for (size_t query = 0; query < n_tokens; ++query) {
        for (size_t key = 0; key <= query && key < n_keys; ++key) {
          values.push_back(static_cast<double>(query * 100 + key));
        }
      }
      const auto square = to_square({n_tokens, n_keys}, values);
      for (size_t query = 0; query < n_tokens; ++query) {
        for (size_t key = 0; key <= query; ++key) {
          const double value = square[query * (query + 1) / 2 + key];
          if (key < n_keys) {
            EXPECT_EQ(value, static_cast<double>(query * 100 + key));
          } else {
            EXPECT_TRUE(std::isnan(value));
          }
        }
      }
      EXPECT_EQ(from_square(n_tokens, square), values);
    }
  }
}

}  // namespace
}  // namespace actogram
