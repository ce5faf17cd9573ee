// A column of lists while its batch is collected.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/arrow_table.h"

namespace actogram {

template <typename T>
struct ListColumn {
  std::vector<int64_t> offsets{0};
  std::vector<T> values;

  void add(std::span<const T> row) {
    values.insert(values.end(), row.begin(), row.end());
    end_row();
  }
  void end_row() { offsets.push_back(static_cast<int64_t>(values.size())); }
  void clear() { offsets.resize(1), values.clear(); }
  Lists<T> lists() const { return {offsets, values}; }
};

}  // namespace actogram
