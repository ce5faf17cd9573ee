// SiteCollator collates all units of a site, block by block, on all threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "actogram/source.h"
#include "base/threads.h"
#include "collate/class_block.h"
#include "collate/unit_block.h"

namespace actogram {

class SiteCollator {
 public:
  // With a gate function and options.sign_classes, values come with their gates.
  SiteCollator(const Site& site, std::optional<GateFunction> gate_function,
               const CollateOptions& options);

  // Takes in one batch. Threads share the blocks; a block's result does not depend on which.
  // `scratch` and `sinks` are one for each thread.
  void observe(const SiteValues& values, std::span<const BatchSequence> sequences,
               ThreadPool& threads, std::span<BlockScratch> scratch,
               std::span<WindowSink* const> sinks);

  uint32_t n_units() const { return n_units_; }

  // After the last batch, and before windows are visited: what follows wants units that are
  // settled.
  void settle(ThreadPool& threads, std::span<WindowSink* const> sinks);
  // Overwrites what was there and keeps its memory: for one unit after another.
  void record(uint32_t unit, UnitRecord& into) const;
  UnitRecord record(uint32_t unit) const {
    UnitRecord record;
    this->record(unit, record);
    return record;
  }
  void restore(uint32_t unit, const UnitRecord& record);

  template <typename Visitor>  // visit(uint64_t& window_ref, wear), uint32_t wear()
  void for_each_window(uint32_t unit, Visitor visit) {
    blocks_[unit / kLanes].for_each_window(lane(unit), visit);
  }

 private:
  static size_t lane(uint32_t unit) { return unit % kLanes; }

  uint32_t n_units_;
  std::vector<UnitBlock> blocks_;
  std::vector<ClassBlock> class_blocks_;  // parallel to blocks_, or none
};

}  // namespace actogram
