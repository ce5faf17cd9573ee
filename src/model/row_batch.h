// The rows of one batch as llama.cpp takes them, each sequence filled up to whole tiles.
#pragma once

#include <llama.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace actogram {

// A row of a product, and of the attention over cells, is computed in tiles of 16 by AVX-512 and
// less by narrower CPUs; a sequence that begins inside a tile would get other roundings.
inline constexpr uint32_t kTile = 16;
// llama.cpp has 256 sequences at most, and each takes a tile at least.
inline constexpr uint32_t kMaxBatchRows = 256 * kTile;

constexpr size_t round_up(size_t n) { return (n + kTile - 1) / kTile * kTile; }

class RowBatch {
 public:
  explicit RowBatch(size_t capacity)
      : tokens_(capacity),
        positions_(capacity),
        n_ids_(capacity, 1),
        ids_(capacity),
        id_of_(capacity),
        outputs_(capacity) {
    for (size_t i = 0; i < capacity; ++i) id_of_[i] = &ids_[i];
  }

  // Rows and sequences are gone, memory stays.
  void clear() {
    n_ = 0;
    first_row_.clear();
  }

  // `sequence` is not empty and fits. With `output`, llama.cpp keeps the rows to the end of the
  // model's last layer.
  void add(std::span<const int32_t> sequence, bool output) {
    const auto id = static_cast<llama_seq_id>(first_row_.size());
    first_row_.push_back(static_cast<uint32_t>(n_));
    for (size_t i = 0; i < round_up(sequence.size()); ++i, ++n_) {
      tokens_[n_] = sequence[std::min(i, sequence.size() - 1)];
      positions_[n_] = static_cast<llama_pos>(i);
      ids_[n_] = id;
      outputs_[n_] = output;
    }
  }

  // Valid until the batch changes.
  llama_batch view() {
    return {static_cast<int32_t>(n_), tokens_.data(), nullptr,
            positions_.data(),        n_ids_.data(),  id_of_.data(),
            outputs_.data()};
  }
  size_t n_rows() const { return n_; }
  std::span<const uint32_t> first_row() const { return first_row_; }

 private:
  size_t n_ = 0;
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<int32_t> n_ids_;
  std::vector<llama_seq_id> ids_;
  std::vector<llama_seq_id*> id_of_;
  std::vector<int8_t> outputs_;
  std::vector<uint32_t> first_row_;
};

}  // namespace actogram
