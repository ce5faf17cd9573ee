// Values of pairs of tokens as NeuronRecords have them: one list, row by row of the query (the
// later token), in each row the keys from 0 to the query, itself included.
//
//   square       key <= query                     n(n+1)/2 values
//   rectangular  key <= query and key < n_keys    n(n+1)/2 - m(m+1)/2, with m = n - n_keys
//
// How many keys there are at most is not written; it follows from the two lengths.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace actogram {

struct PairTriangle {
  size_t n_tokens = 0;
  size_t n_keys = 0;  // n_tokens: square

  bool operator==(const PairTriangle&) const = default;
};

constexpr size_t triangle_number(size_t n) { return n * (n + 1) / 2; }

// Nothing where a list of this length is no triangle over so many tokens.
std::optional<PairTriangle> pair_triangle(size_t n_tokens, size_t n_values);

// The square one, with NaN for keys that a rectangular one does not have; and back, where the last
// keys are NaN in every row that has them.
std::vector<double> to_square(const PairTriangle& triangle, std::span<const double> values);
std::vector<double> from_square(size_t n_tokens, std::span<const double> square);

}  // namespace actogram
