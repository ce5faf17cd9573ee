#include "collate/value_norms.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "collate/lanes.h"
#include "core/upper_factor.h"

namespace actogram {
namespace {

// |R v|^2 of sixteen rows; row d of `values` has dimension d of all of them.
F16 squared_lengths(const float* factor, size_t n, const float* values, size_t stride) {
  constexpr size_t kAtOnce = 4;  // rows of R that share what is loaded
  F16 squares = {};
  size_t i = 0;
  for (; i + kAtOnce <= n; i += kAtOnce) {
    F16 sums[kAtOnce] = {};
    const float* rows = factor + i * n;
    for (size_t d = i; d < n; ++d) {
      const F16 v = load<F16>(values + d * stride);
      for (size_t r = 0; r < kAtOnce; ++r) sums[r] += rows[r * n + d] * v;
    }
    for (const F16& sum : sums) squares += sum * sum;
  }
  for (; i < n; ++i) {
    F16 sum = {};
    for (size_t d = i; d < n; ++d) sum += factor[i * n + d] * load<F16>(values + d * stride);
    squares += sum * sum;
  }
  return squares;
}

}  // namespace

ValueNorms::ValueNorms(const AttentionWeights& weights, ThreadPool& threads)
    : n_(weights.d_head),
      heads_for_values_(weights.n_heads / weights.n_kv_heads),
      factors_(weights.n_heads) {
  threads.parallel_for(factors_.size(), [&](size_t head, size_t) {
    factors_[head] = upper_factor(weights.output, factors_.size() * n_, head * n_, n_);
  });
}

void ValueNorms::of_head(const AttentionValues& values, size_t head, size_t n_rows,
                         std::vector<float>& into) const {
  assert(values.values != nullptr);
  into.resize(n_rows);
  const float* factor = factors_[head].data();
  const float* vectors = values.values + head / heads_for_values_ * values.value_head_stride;
  std::vector<float> last;  // the rows that do not fill sixteen lanes
  for (size_t row = 0; row < n_rows; row += kLanes) {
    const size_t n_here = std::min(kLanes, n_rows - row);
    const float* from = vectors + row;
    size_t stride = values.value_stride;
    if (n_here < kLanes) {
      last.assign(n_ * kLanes, 0);
      for (size_t d = 0; d < n_; ++d) std::copy_n(from + d * stride, n_here, &last[d * kLanes]);
      from = last.data();
      stride = kLanes;
    }
    const F16 squares = squared_lengths(factor, n_, from, stride);
    for (size_t i = 0; i < n_here; ++i) into[row + i] = std::sqrt(get_lane(squares, i));
  }
}

}  // namespace actogram
