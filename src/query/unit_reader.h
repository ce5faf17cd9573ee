// A unit of a recording, whole, whatever its kind: a dense one as the tables have it, a sparse one
// with the exemplars that are drawn from its events here and now.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/unit_record.h"

namespace actogram {

class Recording;
class SparseCorpus;

// Its windows are views of the recording, or of `windows`.
struct UnitRead {
  UnitRecord record;
  std::vector<float> windows = {};
};

// Thread-safe. What sparse units need of the corpus is read when the first of a site is.
class UnitReader {
 public:
  explicit UnitReader(const Recording& recording);
  ~UnitReader();

  // Requires: row < the manifest's n_units().
  UnitRead unit(uint64_t row) const;

 private:
  const SparseCorpus& corpus_of(size_t site) const;
  void add_peaks(UnitRead& unit, uint64_t row) const;

  const Recording& recording_;
  mutable std::mutex mutex_;                                    // guards the next two
  mutable std::vector<std::unique_ptr<SparseCorpus>> corpora_;  // [site]
  mutable std::vector<uint64_t> sequence_keys_;
};

}  // namespace actogram
