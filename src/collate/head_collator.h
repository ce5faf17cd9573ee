// HeadCollator collates the heads of an attention site on all threads; an item of work is a head
// over all sequences of a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "actogram/source.h"
#include "base/threads.h"
#include "collate/head_block.h"
#include "collate/value_norms.h"

namespace actogram {

class HeadCollator {
 public:
  // Without weights, the lengths come with the values (AttentionValues).
  HeadCollator(const Site& site, const std::optional<AttentionWeights>& weights,
               const CollateOptions& options, ThreadPool& threads);

  // Takes in one batch; sequences come with their tokens. A head's result does not depend on the
  // threads. `scratch` and `sinks` are one for each thread.
  void observe(const SiteValues& values, std::span<const BatchSequence> sequences,
               ThreadPool& threads, std::span<HeadScratch> scratch,
               std::span<WindowSink* const> sinks);

  uint32_t n_units() const { return static_cast<uint32_t>(heads_.size()); }
  UnitRecord record(uint32_t unit) const { return heads_[unit].record(); }
  void restore(uint32_t unit, const UnitRecord& record) { heads_[unit].restore(record); }

  template <typename Visitor>  // visit(uint64_t& window_ref, wear), uint32_t wear()
  void for_each_window(uint32_t unit, Visitor visit) {
    heads_[unit].for_each_window(visit);
  }

 private:
  void observe_head(size_t head, const SiteValues& values, std::span<const BatchSequence> sequences,
                    HeadScratch& scratch, WindowSink& sink);

  bool skip_bos_;
  std::optional<ValueNorms> norms_;
  std::vector<HeadBlock> heads_;
  std::vector<std::vector<RepeatedToken>> repeats_;  // [sequence of the batch]
};

}  // namespace actogram
