#include "collate/site_collator.h"

#include <algorithm>

namespace actogram {

SiteCollator::SiteCollator(const Site& site, std::optional<GateFunction> gate_function,
                           const CollateOptions& options)
    : n_units_(site.n_units) {
  blocks_.reserve((site.n_units + kLanes - 1) / kLanes);
  for (uint32_t first = 0; first < site.n_units; first += kLanes) {
    const uint32_t n = std::min<uint32_t>(kLanes, site.n_units - first);
    blocks_.emplace_back(site.name, first, n, options);
    if (gate_function && options.sign_classes) {
      class_blocks_.emplace_back(n, *gate_function, options);
    }
  }
}

void SiteCollator::observe(const SiteValues& values, std::span<const BatchSequence> sequences,
                           ThreadPool& threads, std::span<BlockScratch> scratch,
                           std::span<WindowSink* const> sinks) {
  constexpr size_t kBlocksAtOnce = 8;
  const size_t n_items = (blocks_.size() + kBlocksAtOnce - 1) / kBlocksAtOnce;
  threads.parallel_for(n_items, [&](size_t item, size_t thread) {
    const size_t end = std::min(blocks_.size(), (item + 1) * kBlocksAtOnce);
    for (size_t index = item * kBlocksAtOnce; index < end; ++index) {
      if (index + 1 < end) blocks_[index + 1].prefetch();
      SiteValues part = values;
      part.values += index * kLanes;
      blocks_[index].observe(part, sequences, scratch[thread], *sinks[thread]);
      if (class_blocks_.empty()) continue;
      part.gate += index * kLanes;
      part.linear += index * kLanes;
      class_blocks_[index].observe(part, sequences, scratch[thread]);
    }
  });
}

UnitRecord SiteCollator::record(uint32_t unit) const {
  UnitRecord record = blocks_[unit / kLanes].record(lane(unit));
  if (!class_blocks_.empty()) record.classes = class_blocks_[unit / kLanes].record(lane(unit));
  return record;
}

void SiteCollator::restore(uint32_t unit, const UnitRecord& record) {
  blocks_[unit / kLanes].restore(lane(unit), record);
  if (!class_blocks_.empty()) class_blocks_[unit / kLanes].restore(lane(unit), record.classes);
}

}  // namespace actogram
