// Sampler keeps what all units are at one token of each of the first sequences: the position is
// drawn by the sequence's key (core/unit_address.h), so it is the same for all units, and neither
// threads, batches nor shards change it.
//
// Values go to files as they come, [sample, unit], one for each quantity; finish() turns them into
// samples.arrow, a stretch of units at a time. So memory does not grow with samples or units. A
// value is written where it belongs: a process that goes on after a stop writes the same bytes
// again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actogram/source.h"
#include "base/file.h"
#include "base/progress.h"
#include "collate/unit_block.h"
#include "store/sample_tables.h"

namespace actogram {

class Sampler {
 public:
  static constexpr uint32_t kMostSamples = 1 << 16;

  // Of the first `n_samples` sequences. Gated: values come with their gates (ActivationSource).
  enum class Gated : bool { no, yes };
  Sampler(const std::string& folder, const std::vector<Site>& sites, Gated gated,
          uint32_t n_samples);

  // Requires: values.first_row and `sequences` are parallel.
  void observe(const SiteValues& values, std::span<const BatchSequence> sequences);

  void sync();  // what was observed is safe from a power cut after it
  // Error{corrupt} if an earlier process has not left what it observed of the first `n_sequences`.
  void check_left(uint64_t n_sequences) const;

  // Writes samples.arrow and sample_places.arrow. `n_sequences` were observed at every site.
  StoredFiles finish(uint64_t n_sequences, const ProgressFn& progress);

 private:
  void write(size_t quantity, uint64_t sample, size_t site, const float* values);
  uint64_t offset(uint64_t sample, uint64_t unit_row) const {
    return (sample * n_units_ + unit_row) * sizeof(float);
  }

  std::string folder_;
  uint32_t n_samples_;
  std::vector<uint64_t> first_row_;     // [site], of its units among all
  std::vector<uint64_t> n_site_units_;  // [site]
  uint64_t n_units_ = 0;
  std::vector<PlacedFile> values_;  // [quantity]
  PlacedFile positions_;            // u32 [sample]
};

}  // namespace actogram
