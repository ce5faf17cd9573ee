// RowTile: the values of a few neighbouring blocks of units, copied together.
//
// In the model's matrices a unit's values lie a whole row apart, often on a page each. Read block
// by block, each cache line would be waited for alone; a tile reads some hundred bytes of every row
// at a time, and what collates it reads memory in order.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "actogram/source.h"
#include "collate/lanes.h"

namespace actogram {

// The values of one block at one token; 0 in lanes without a unit.
struct alignas(kLanes * sizeof(float)) LaneRow {
  std::array<float, kLanes> lanes;

  F16 vector() const { return load<F16>(lanes.data()); }
};

// The values of one block for a batch.
struct BlockValues {
  const LaneRow* values = nullptr;      // [row]
  const LaneRow* gate = nullptr;        // [row] hook_pre, where the source gives it
  const LaneRow* linear = nullptr;      // [row] hook_pre_linear
  std::span<const uint32_t> first_row;  // [sequence]
};

class RowTile {
 public:
  static constexpr size_t kBlocks = 4;  // 400 kB for a batch of 512 rows with gates

  // Units [first, first + n), n <= kBlocks * kLanes.
  void load(const SiteValues& values, size_t first, size_t n);

  // As long as neither the tile nor what was loaded changes.
  BlockValues block(size_t index) const;

 private:
  void copy(const float* from, size_t stride, size_t n, size_t matrix);

  std::vector<LaneRow> rows_;  // [matrix, block, row]
  size_t n_rows_ = 0;
  bool has_gates_ = false;
  std::span<const uint32_t> first_row_;
};

}  // namespace actogram
