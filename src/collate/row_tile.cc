#include "collate/row_tile.h"

#include <algorithm>
#include <cassert>

namespace actogram {

void RowTile::load(const SiteValues& values, size_t first, size_t n) {
  assert(n <= kBlocks * kLanes);
  n_rows_ = values.n_rows;
  has_gates_ = values.gate != nullptr;
  first_row_ = values.first_row;
  rows_.resize(std::max(rows_.size(), (has_gates_ ? 3 : 1) * kBlocks * n_rows_));
  copy(values.values + first, values.row_stride, n, 0);
  if (!has_gates_) return;
  copy(values.gate + first, values.gate_stride, n, 1);
  copy(values.linear + first, values.gate_stride, n, 2);
}

void RowTile::copy(const float* from, size_t stride, size_t n, size_t matrix) {
  LaneRow* to = rows_.data() + matrix * kBlocks * n_rows_;
  for (size_t row = 0; row < n_rows_; ++row, ++to, from += stride) {
    size_t unit = 0;
    LaneRow* block = to;
    for (; unit + kLanes <= n; unit += kLanes, block += n_rows_) {
      std::memcpy(block->lanes.data(), from + unit, sizeof(LaneRow));
    }
    if (unit == n) continue;
    block->lanes.fill(0);
    std::copy_n(from + unit, n - unit, block->lanes.data());
  }
}

BlockValues RowTile::block(size_t index) const {
  const auto matrix = [&](size_t m) { return rows_.data() + (m * kBlocks + index) * n_rows_; };
  return {.values = matrix(0),
          .gate = has_gates_ ? matrix(1) : nullptr,
          .linear = has_gates_ ? matrix(2) : nullptr,
          .first_row = first_row_};
}

}  // namespace actogram
