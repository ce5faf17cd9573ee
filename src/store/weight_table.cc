#include "store/weight_table.h"

#include <algorithm>
#include <vector>

#include "store/layout.h"

namespace actogram {
namespace {

constexpr size_t kSign = kWeightNumbers.size();

}  // namespace

StoredFile write_weights(const std::string& folder, std::span<const NeuronWeights> weights) {
  TableWriter table(folder + "/" + weights_table().file, weights_table().columns);
  for (size_t first = 0; first < weights.size(); first += kRowsPerBatch) {
    const auto batch = weights.subspan(first, std::min(kRowsPerBatch, weights.size() - first));
    std::vector<std::vector<double>> numbers(kSign);
    std::vector<int32_t> signs;
    for (const NeuronWeights& neuron : batch) {
      for (size_t i = 0; i < kSign; ++i) numbers[i].push_back(neuron.*kWeightNumbers[i]);
      signs.push_back(neuron.sign);
    }
    std::vector<ColumnData> columns(numbers.begin(), numbers.end());
    columns.emplace_back(std::span<const int32_t>(signs));
    table.write(batch.size(), columns);
  }
  table.finish();
  return {table.n_rows(), table.n_bytes(), table.checksum()};
}

WeightTable::WeightTable(const std::string& folder)
    : table_(folder + "/" + weights_table().file, weights_table().columns) {}

NeuronWeights WeightTable::weights(uint64_t unit_row) const {
  const size_t index = table_.batch_of(unit_row);
  const TableBatch batch = table_.batch(index);
  const size_t i = unit_row - table_.first_row(index);
  NeuronWeights neuron;
  for (size_t c = 0; c < kSign; ++c) neuron.*kWeightNumbers[c] = batch.column<double>(c)[i];
  neuron.sign = batch.column<int32_t>(kSign)[i];
  return neuron;
}

}  // namespace actogram
