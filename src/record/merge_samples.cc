#include "record/merge_samples.h"

#include <algorithm>
#include <vector>

namespace actogram {
namespace {

constexpr size_t kNoInput = SIZE_MAX;

struct Source {
  size_t input = kNoInput;
  uint32_t sample = 0;  // there
};

// Where each sample comes from.
std::vector<Source> sources_of(std::span<const std::unique_ptr<Recording>> inputs,
                               const NewSequence& new_sequence) {
  uint64_t n_sequences = 0;
  for (const auto& input : inputs) n_sequences += input->corpus().n_sequences();
  const uint32_t asked = inputs.front()->manifest().collate.samples;
  std::vector<Source> sources(std::min<uint64_t>(asked, n_sequences));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const SampleTable* table = inputs[i]->samples();
    if (table == nullptr) fail(Code::corrupt, "{}: its samples are missing", inputs[i]->path());
    for (uint32_t s = 0; s < table->positions().size(); ++s) {
      const uint32_t number = new_sequence(i, s);
      if (number < sources.size()) sources[number] = {i, s};
    }
  }
  const auto missing = std::ranges::find(sources, kNoInput, &Source::input);
  if (missing == sources.end()) return sources;
  fail(Code::corrupt, "no input has a sample of sequence {} of the merged recording",
       missing - sources.begin());
}

}  // namespace

StoredFiles merge_samples(std::span<const std::unique_ptr<Recording>> inputs,
                          const NewSequence& new_sequence, const std::string& folder,
                          const ProgressFn& progress) {
  if (inputs.front()->samples() == nullptr) return {};
  const std::vector<Source> sources = sources_of(inputs, new_sequence);
  std::vector<uint32_t> positions;
  for (const Source& source : sources) {
    positions.push_back(inputs[source.input]->samples()->positions()[source.sample]);
  }
  SampleWriter writer(folder);
  std::array<std::vector<float>, kNumSampledQuantities> unit;
  std::vector<UnitSamples> parts(inputs.size());
  const uint64_t n_units = inputs.front()->samples()->n_units();
  for (uint64_t row = 0; row < n_units; ++row) {
    for (size_t i = 0; i < inputs.size(); ++i) parts[i] = inputs[i]->samples()->unit(row);
    for (auto& values : unit) values.clear();
    for (const Source& source : sources) {
      const UnitSamples& part = parts[source.input];
      for (size_t q = 0; q < kNumSampledQuantities; ++q) {
        if (!part[q].empty()) unit[q].push_back(part[q][source.sample]);
      }
    }
    writer.add({unit[0], unit[1], unit[2]});
    if (row % 1024 == 0) progress({"merging the samples", row, n_units, 0, "units"});
  }
  StoredFiles files;
  writer.finish(positions, files);
  return files;
}

}  // namespace actogram
