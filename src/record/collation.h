// Collation is everything that grows while units are recorded: the collators of all sites and the
// windows they keep. Whoever has values hands them to observe(), in any batches and any order;
// finish() writes the unit tables. Its state goes to a checkpoint and comes back from one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actogram/source.h"
#include "base/progress.h"
#include "base/threads.h"
#include "collate/head_collator.h"
#include "collate/site_collator.h"
#include "record/sampler.h"
#include "store/checkpoint.h"
#include "store/unit_tables.h"
#include "store/window_store.h"

namespace actogram {

struct CollationOptions {
  CollateOptions collate = {};
  uint32_t n_threads = 1;
  // Bytes for windows in memory; what does not fit is on the disk until the end. Without it: as
  // many as all windows take where that is a quarter of the memory at most, and 256 MB where it is
  // more.
  std::optional<uint64_t> window_memory = std::nullopt;
};

// The options, if so many exemplars and windows of such a size can be kept of these sites' units;
// Error{invalid} if not.
const CollateOptions& checked_collate(const CollateOptions& options,
                                      const std::vector<Site>& sites);

class Collation {
 public:
  // What ActivationSource::attention_weights() says of sites[site].
  using WeightsOf = std::function<std::optional<AttentionWeights>(size_t site)>;

  // Works in `folder`. Sites of attention heads come last. With a gate function, values come with
  // their gates (ActivationSource).
  Collation(std::string folder, const std::vector<Site>& sites,
            std::optional<GateFunction> gate_function, const WeightsOf& weights_of,
            const CollationOptions& options);

  // So many sequences will come. What windows may take in memory is taken now, so that it does not
  // grow with the corpus, and neither fails nor costs time later.
  void expect(uint64_t n_sequences);

  // Requires: values.first_row and `sequences` are parallel; each sequence comes once for a site;
  // of a site of heads with its tokens.
  void observe(const SiteValues& values, std::span<const BatchSequence> sequences);

  // What was taken in when a process was stopped, or stopped to save it.
  struct State {
    uint64_t n_sequences = 0;
    SparseState sparse = {};  // of the sparse units, which are collated elsewhere
  };
  // For a later process whose `fingerprint` is the same.
  void save(const std::string& fingerprint, const State& state);
  // What save() was given last, or nothing; then this is as new.
  std::optional<State> restore(const std::string& fingerprint);

  // Writes the units, and gives what else was written: the tables of samples. `n_tokens` is the
  // length of every sequence, by its number.
  StoredFiles finish(std::span<const uint32_t> n_tokens, UnitWriter& writer,
                     const ProgressFn& progress);
  ClassesOf classes_of() const { return classes_of_; }

 private:
  // A unit by its row: one of collators_, or a head.
  struct Chosen {
    SiteCollator* site = nullptr;
    HeadCollator* heads = nullptr;
    uint32_t unit = 0;

    void record(UnitRecord& into) const {
      if (site) {
        site->record(unit, into);
      } else {
        into = heads->record(unit);
      }
    }
  };

  // All windows of these sites' units after so many sequences, in memory.
  static uint64_t window_bytes(const std::vector<Site>& sites, const CollateOptions& options,
                               uint64_t n_sequences);
  static uint64_t buffer_bytes(const std::vector<Site>& sites, const CollationOptions& options);

  Chosen unit_of_row(uint64_t row);
  // Units that are written together: all of neurons or all of heads.
  struct Chunk {
    uint64_t first, end;  // rows
  };
  std::vector<Chunk> chunks() const;
  void settle();
  void for_each_window(Chunk chunk, const auto& visit);  // visit(uint64_t& reference, wear)
  // bool wanted(uint64_t reference)
  void order_windows(Chunk chunk, auto wanted, std::vector<uint64_t*>& into);
  WindowStore::VisitAll visit_all(auto wanted);
  // Groups of peaks, and their windows.
  void finish_unit(UnitRecord& record, std::span<const uint32_t> n_tokens,
                   const WindowStore::Loaded& windows) const;

  std::string folder_;
  std::vector<Site> sites_;
  CollateOptions options_;
  ClassesOf classes_of_;
  uint64_t n_units_ = 0;
  uint64_t n_token_units_ = 0;  // those that are not heads, the first
  ThreadPool threads_;
  std::vector<BlockScratch> scratch_;      // [thread]
  std::vector<HeadScratch> head_scratch_;  // [thread]
  std::vector<SiteCollator> collators_;
  std::vector<HeadCollator> heads_;  // of the sites after those
  WindowStore windows_;
  std::optional<Sampler> sampler_;  // where options_.samples asks for it
};

}  // namespace actogram
