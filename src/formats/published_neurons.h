// A published table with one row a neuron: Parquet files whose rows may come in any order, read in
// the order of the neurons.
//
// The first pass reads the columns `layer` and `neuron` alone and finds every row's place. Where
// the rows lie in order, as tools write them, the second pass goes through the files once;
// otherwise each request decodes the row groups that it needs. Memory is eight bytes a row and one
// batch a file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "codec/parquet_table_reader.h"

namespace actogram {

class PublishedNeurons {
 public:
  // `columns` begin with layer and neuron. Error{corrupt} where a neuron is there twice or is
  // missing, or layers differ in width; then files are missing, too.
  PublishedNeurons(const std::vector<std::string>& files,
                   const std::vector<ParquetColumn>& columns);

  // One a layer, ascending, named blocks.LAYER.mlp.hook_post.
  const std::vector<Site>& sites() const { return sites_; }
  uint64_t n_rows() const { return target_.size(); }
  bool in_order() const { return in_order_; }
  const std::vector<std::string>& other_columns() const;

  // Calls `take` for the rows [begin, end) in the order of the sites' units, each once, in any
  // order; `i` is a row of the reader's batch. Requests ascend and leave nothing out.
  using Take = std::function<void(uint64_t row, const ParquetTableReader& batch, size_t i)>;
  void read(uint64_t begin, uint64_t end, const Take& take);

 private:
  struct Neuron {
    uint32_t layer = 0;
    uint32_t index = 0;
    auto operator<=>(const Neuron&) const = default;
  };
  void find_places(const std::vector<Neuron>& neurons);
  void make_sites(const std::vector<Neuron>& sorted);
  std::string where(uint64_t source_row) const;
  void read_in_order(uint64_t begin, uint64_t end, const Take& take);
  void read_scattered(uint64_t begin, uint64_t end, const Take& take);

  std::vector<ParquetTableReader> files_;
  std::vector<uint64_t> first_row_;  // [file + 1]
  std::vector<uint32_t> target_;     // [row of the files]: its row among the neurons
  std::vector<Site> sites_;
  bool in_order_ = true;
  size_t file_ = 0;      // being read in order
  size_t in_batch_ = 0;  // the next row of its batch
  bool has_batch_ = false;
};

}  // namespace actogram
