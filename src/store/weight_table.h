// What the weights of gated neurons say, as a recording keeps it: weights.arrow, one row a unit.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "actogram/types.h"
#include "codec/arrow_table.h"
#include "store/corpus_tables.h"

namespace actogram {

// What its columns hold, in their order; the last is the sign.
inline constexpr std::array kWeightNumbers = {
    &NeuronWeights::norm_gate,   &NeuronWeights::norm_in,      &NeuronWeights::norm_out,
    &NeuronWeights::cos_gate_in, &NeuronWeights::cos_gate_out, &NeuronWeights::cos_in_out};

// `weights` in the order of the units.
StoredFile write_weights(const std::string& folder, std::span<const NeuronWeights> weights);

class WeightTable {
 public:
  explicit WeightTable(const std::string& folder);

  uint64_t n_units() const { return table_.n_rows(); }
  NeuronWeights weights(uint64_t unit_row) const;

  template <typename Visitor>  // visit(const TableReader&)
  void for_each_table(Visitor visit) const {
    visit(table_);
  }

 private:
  TableReader table_;
};

}  // namespace actogram
