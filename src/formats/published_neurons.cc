#include "formats/published_neurons.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr int64_t kMost = std::numeric_limits<uint32_t>::max() - 1;

uint32_t small_index(int64_t value, const char* column, const ParquetTableReader& file, size_t i) {
  if (value >= 0 && value <= kMost) return static_cast<uint32_t>(value);
  fail(Code::corrupt, "{}: row {}: \"{}\" is {}; expected a number from 0 on", file.name(),
       file.batch_row() + i, column, value);
}

}  // namespace

PublishedNeurons::PublishedNeurons(const std::vector<std::string>& files,
                                   const std::vector<ParquetColumn>& columns) {
  first_row_.push_back(0);
  std::vector<Neuron> neurons;
  for (const std::string& path : files) {
    files_.emplace_back(path, columns);
    first_row_.push_back(first_row_.back() + files_.back().n_rows());
    ParquetTableReader keys(path, {columns.begin(), columns.begin() + 2});
    while (keys.next()) {
      for (size_t i = 0; i < keys.n_batch_rows(); ++i) {
        neurons.push_back({small_index(keys.integers(0)[i], "layer", keys, i),
                           small_index(keys.integers(1)[i], "neuron", keys, i)});
      }
    }
    if (neurons.size() != first_row_.back()) {
      fail(Code::corrupt, "{}: {} rows, but its footer claims {}", path,
           neurons.size() - first_row_[files_.size() - 1], files_.back().n_rows());
    }
  }
  if (neurons.empty()) fail(Code::invalid, "{}: no rows", files.front());
  if (neurons.size() > static_cast<uint64_t>(kMost)) {
    fail(Code::unsupported, "{}: more than {} rows", files.front(), kMost);
  }
  find_places(neurons);
}

void PublishedNeurons::find_places(const std::vector<Neuron>& neurons) {
  std::vector<uint32_t> source(neurons.size());  // [row among the neurons]: row of the files
  std::iota(source.begin(), source.end(), 0U);
  in_order_ = std::ranges::is_sorted(neurons);
  if (!in_order_) std::ranges::stable_sort(source, {}, [&](uint32_t row) { return neurons[row]; });
  target_.resize(neurons.size());
  std::vector<Neuron> sorted(neurons.size());
  for (uint32_t row = 0; row < source.size(); ++row) {
    target_[source[row]] = row;
    sorted[row] = neurons[source[row]];
    if (row > 0 && sorted[row] == sorted[row - 1]) {
      fail(Code::corrupt, "layer {} neuron {} is there twice: {} and {}", sorted[row].layer,
           sorted[row].index, where(source[row - 1]), where(source[row]));
    }
  }
  make_sites(sorted);
}

void PublishedNeurons::make_sites(const std::vector<Neuron>& sorted) {
  for (const Neuron& neuron : sorted) {
    if (sites_.empty() || sites_.back().layer != neuron.layer) {
      sites_.push_back({fmt::format("blocks.{}.mlp.hook_post", neuron.layer), neuron.layer, 0});
    }
    Site& site = sites_.back();
    if (neuron.index != site.n_units) {
      fail(Code::corrupt, "{}: layer {} has no neuron {}, but it has {}: are files missing?",
           files_.front().name(), neuron.layer, site.n_units, neuron.index);
    }
    ++site.n_units;
  }
  for (const Site& site : sites_) {
    if (site.n_units == sites_.front().n_units) continue;
    fail(Code::corrupt, "{}: layer {} has {} neurons and layer {} has {}: are files missing?",
         files_.front().name(), sites_.front().layer, sites_.front().n_units, site.layer,
         site.n_units);
  }
}

std::string PublishedNeurons::where(uint64_t source_row) const {
  const auto after = std::ranges::upper_bound(first_row_, source_row);
  const auto file = static_cast<size_t>(after - first_row_.begin()) - 1;
  return fmt::format("{} row {}", files_[file].name(), source_row - first_row_[file]);
}

const std::vector<std::string>& PublishedNeurons::other_columns() const {
  return files_.front().other_columns();
}

void PublishedNeurons::read(uint64_t begin, uint64_t end, const Take& take) {
  if (in_order_) {
    read_in_order(begin, end, take);
  } else {
    read_scattered(begin, end, take);
  }
}

void PublishedNeurons::read_in_order(uint64_t begin, uint64_t end, const Take& take) {
  for (uint64_t row = begin; row < end;) {
    ParquetTableReader& file = files_.at(file_);
    if (!has_batch_ || in_batch_ == file.n_batch_rows()) {
      in_batch_ = 0;
      has_batch_ = file.next();
      if (!has_batch_) ++file_;
      continue;
    }
    take(row++, file, in_batch_++);
  }
}

void PublishedNeurons::read_scattered(uint64_t begin, uint64_t end, const Take& take) {
  for (size_t f = 0; f < files_.size(); ++f) {
    ParquetTableReader& file = files_[f];
    for (size_t group = 0; group < file.n_row_groups(); ++group) {
      const auto wanted = [&](uint32_t target) { return target >= begin && target < end; };
      const auto at = target_.begin() + static_cast<ptrdiff_t>(first_row_[f]);
      if (std::none_of(at + static_cast<ptrdiff_t>(file.first_row(group)),
                       at + static_cast<ptrdiff_t>(file.first_row(group + 1)), wanted)) {
        continue;
      }
      file.seek(group, 1);
      while (file.next()) {
        for (size_t i = 0; i < file.n_batch_rows(); ++i) {
          const uint32_t target = target_[first_row_[f] + file.batch_row() + i];
          if (wanted(target)) take(target, file, i);
        }
      }
    }
  }
}

}  // namespace actogram
