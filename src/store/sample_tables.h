// Sampled values as a recording keeps them: samples.arrow, a row a unit with one value for each
// sampled sequence, and sample_places.arrow, the position of each. Sample i is of sequence i.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/unit_address.h"
#include "store/corpus_tables.h"

namespace actogram {

// What is sampled of a gated neuron; of other units the first only.
inline constexpr size_t kNumSampledQuantities = 3;
inline constexpr std::array<std::string_view, kNumSampledQuantities> kSampledQuantityNames = {
    "hook_post", "hook_pre", "hook_pre_linear"};
// Whether the signs of refactor_glu turn it.
inline constexpr std::array<bool, kNumSampledQuantities> kSampledTurns = {true, false, true};

// [quantity], each [sample] or empty.
using UnitSamples = std::array<std::span<const float>, kNumSampledQuantities>;

class SampleWriter {
 public:
  explicit SampleWriter(const std::string& folder);
  ~SampleWriter();

  void add(const UnitSamples& unit);  // of the next unit
  // `positions` are of all samples, the lists of every unit as long.
  void finish(std::span<const uint32_t> positions, StoredFiles& files);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class SampleTable {
 public:
  explicit SampleTable(const std::string& folder);

  uint64_t n_units() const { return table_.n_rows(); }
  const std::vector<uint32_t>& positions() const { return positions_; }  // [sample]
  // Views that live as long as this object. Error{corrupt} where a list has another length.
  UnitSamples unit(uint64_t row) const;

 private:
  TableReader table_;
  std::vector<uint32_t> positions_;
};

}  // namespace actogram
