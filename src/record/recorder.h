// Recorder runs the sequences of a corpus through a source and collates what its units do.
//
//   sequences --batches--> source --values of a site--> Collation: a dense site's units
//                                                   `-> SaeRecorder: latents of what is read there
//
// Every `checkpoint_seconds`, between two batches, the state goes to the disk; a later Recorder on
// the same folder continues there. Since collation does not mind the order of batches or where they
// are cut, the result is the same as without a stop.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "record/collation.h"
#include "record/sae_recorder.h"
#include "store/corpus_tables.h"

namespace actogram {

struct RecorderOptions {
  CollationOptions collation = {};
  // The sites of the source whose units are recorded as they are; empty: all.
  std::optional<std::vector<std::string>> dense_sites = {};
  double checkpoint_seconds = 300;
  std::optional<int32_t> bos = {};  // the token that may begin a sequence
};

// The sites of the source whose units are recorded as they are, in its order, but those of
// attention heads after the others.
std::vector<Site> dense_sites(const ActivationSource& source, const RecorderOptions& options);

class Recorder {
 public:
  // Works in `folder`, which holds the corpus tables; `fingerprint` ties checkpoints to a command.
  Recorder(const std::string& folder, std::string fingerprint, const CorpusTables& corpus,
           ActivationSource& source, std::vector<RecordedSae> saes, const RecorderOptions& options);

  // Of the recording: dense ones first.
  const std::vector<Site>& sites() const { return sites_; }

  void run(const ProgressFn& progress);
  StoredFiles finish(const ProgressFn& progress);  // writes the unit tables

 private:
  using Clock = std::chrono::steady_clock;

  struct Batch {
    std::vector<BatchSequence> sequences;
    std::vector<std::vector<int32_t>> tokens;
    uint64_t n_tokens = 0;
  };

  Batch next_batch() const;
  void observe(const SiteValues& values, std::span<const BatchSequence> sequences);

  std::string folder_;
  std::string fingerprint_;
  const CorpusTables& corpus_;
  ActivationSource& source_;
  double checkpoint_seconds_;
  std::optional<int32_t> bos_;
  std::vector<Site> sites_;
  std::vector<std::optional<size_t>> dense_;  // [site of the source]: its number in `sites_`
  Collation collation_;
  std::optional<SaeRecorder> saes_;
  std::vector<uint32_t> n_tokens_;  // [sequence]
  uint64_t next_sequence_ = 0;
};

}  // namespace actogram
