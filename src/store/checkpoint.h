// A checkpoint: the state of every collator after a number of sequences, in one file that is
// written beside the old one, synced and renamed. A recording that was stopped goes on from it.
//
//   checkpoint := magic:u64 fingerprint:str n_sequences:u64 runs[] unknown[]
//                 n_attributions:u64 segments:u32[]
//                 n_units:u64 unit* check:u64
//   unit       := summary sums histogram histogram peak[] peak[] class* head?
//
// Little-endian, for this machine and this version only; anything else starts again. `check` is the
// first 64 bits of the XXH3-128 of all before it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/unit_record.h"
#include "store/event_runs.h"
#include "store/token_lists.h"

namespace actogram {

// What there is of sparse units.
struct SparseState {
  std::vector<StoredRun> runs;
  std::vector<UnknownToken> unknown;
  uint64_t n_attributions = 0;  // floats, in their own file
};

struct CheckpointHead {
  std::string fingerprint;  // of the command and everything it reads; another one does not fit
  uint64_t n_sequences = 0;
  SparseState sparse;
  std::vector<uint32_t> segments;  // of the WindowStore
  uint64_t n_units = 0;
};

// Beside what is at `path`, which commit_checkpoint() replaces by it once all it names is safe.
void write_checkpoint(const std::string& path, const CheckpointHead& head,
                      const std::function<void(uint64_t row, UnitRecord& into)>& unit);
void commit_checkpoint(const std::string& path);

// Nothing if there is no checkpoint, or if it is damaged or of another fingerprint.
std::optional<CheckpointHead> read_checkpoint(
    const std::string& path, const std::string& fingerprint,
    const std::function<void(uint64_t row, const UnitRecord& unit)>& restore);

}  // namespace actogram
