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
#include "collate/site_collator.h"
#include "record/sampler.h"
#include "store/checkpoint.h"
#include "store/unit_tables.h"
#include "store/window_store.h"

namespace actogram {

struct CollationOptions {
  CollateOptions collate = {};
  uint32_t n_threads = 1;
  uint64_t window_buffer_bytes = uint64_t{256} << 20;  // more of it means fewer writes
};

class Collation {
 public:
  // Works in `folder`. With a gate function, values come with their gates (ActivationSource).
  Collation(std::string folder, const std::vector<Site>& sites,
            std::optional<GateFunction> gate_function, const CollationOptions& options);

  // Requires: values.first_row and `sequences` are parallel; each sequence comes once for a site.
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
  void for_each_window(uint64_t first_row, uint64_t end_row, const WindowStore::Visit& visit);
  WindowStore::VisitAll visit_all();
  SiteCollator& site_of_row(uint64_t row, uint32_t& unit);
  UnitRecord finished_unit(const SiteCollator& site, uint32_t unit,
                           std::span<const uint32_t> n_tokens,
                           const WindowStore::Loaded& windows) const;

  std::string folder_;
  std::vector<Site> sites_;
  CollateOptions options_;
  ClassesOf classes_of_;
  uint64_t n_units_ = 0;
  ThreadPool threads_;
  std::vector<BlockScratch> scratch_;  // [thread]
  std::vector<SiteCollator> collators_;
  WindowStore windows_;
  std::optional<Sampler> sampler_;  // where options_.samples asks for it
};

}  // namespace actogram
