// The lengths of what heads would write if they looked at one key only, ||v_k^h W_O^h||: what turns
// a pattern into values of heads.
//
// Each W_O^h is reduced to its triangular factor R at the start (core/upper_factor.h), and a
// batch's value vectors come as [dimension, row], so that sixteen rows go through R side by side.
// Sums run in one order in every lane: a length does not depend on its neighbours. Error: d_head^2
// / 2 products in float32, at most d_head * 2^-24 |R| |v|; measured against float64 on SmolLM2,
// 3e-7 relative.
#pragma once

#include <cstddef>
#include <vector>

#include "actogram/source.h"
#include "base/threads.h"

namespace actogram {

class ValueNorms {
 public:
  // 2 n_out d_head^2 steps for each head.
  ValueNorms(const AttentionWeights& weights, ThreadPool& threads);

  // `into` gets one for each of the rows [0, n_rows). Requires: values.values is there.
  void of_head(const AttentionValues& values, size_t head, size_t n_rows,
               std::vector<float>& into) const;

 private:
  size_t n_;                                 // d_head
  size_t heads_for_values_;                  // heads that share a value vector
  std::vector<std::vector<float>> factors_;  // [head][n, n]
};

}  // namespace actogram
