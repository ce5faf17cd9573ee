// Recorder runs the sequences of a corpus through a source and keeps what its units do.
//
//   sequences --batches--> source --values of a site--> SiteCollator --peaks' windows-->
//   WindowStore
//
// It owns all state that grows while recording. Every `checkpoint_seconds`, between two batches,
// the state goes to the disk; a later Recorder on the same folder continues there. Since no
// collator minds the order of batches or where they are cut, the result is the same as without a
// stop.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "actogram/source.h"
#include "base/progress.h"
#include "base/threads.h"
#include "collate/site_collator.h"
#include "store/corpus_tables.h"
#include "store/unit_tables.h"
#include "store/window_store.h"

namespace actogram {

struct RecorderOptions {
  CollateOptions collate;
  uint32_t n_threads = 1;
  uint64_t window_buffer_bytes = uint64_t{512} << 20;  // more of it means fewer writes
  double checkpoint_seconds = 60;
};

class Recorder {
 public:
  // Works in `folder`, which holds the corpus tables; `fingerprint` ties checkpoints to a command.
  Recorder(std::string folder, std::string fingerprint, const CorpusTables& corpus,
           ActivationSource& source, const RecorderOptions& options);

  void run(const ProgressFn& progress);
  StoredFiles finish(const ProgressFn& progress);  // writes the unit tables

 private:
  using Clock = std::chrono::steady_clock;

  struct Batch {
    std::vector<BatchSequence> sequences;
    std::vector<std::vector<int32_t>> tokens;
    uint64_t n_tokens = 0;
  };

  void restore_checkpoint();
  void save_checkpoint();
  Batch next_batch();
  void observe(const SiteValues& values, const Batch& batch);
  void for_each_window(const WindowStore::Visit& visit);
  SiteCollator& site_of_row(uint64_t row, uint32_t& unit);
  UnitRecord finished_unit(const SiteCollator& site, uint32_t unit) const;

  std::string folder_;
  std::string fingerprint_;
  const CorpusTables& corpus_;
  ActivationSource& source_;
  RecorderOptions options_;
  ThreadPool threads_;
  std::vector<BlockScratch> scratch_;  // [thread]
  std::vector<SiteCollator> sites_;
  WindowStore windows_;
  std::vector<uint32_t> n_tokens_;  // [sequence]
  uint64_t next_sequence_ = 0;
  uint64_t tokens_done_ = 0;
  Clock::time_point last_checkpoint_;
};

}  // namespace actogram
