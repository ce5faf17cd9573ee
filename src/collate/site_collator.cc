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
  constexpr size_t kUnits = RowTile::kBlocks * kLanes;
  SiteValues wanted = values;
  if (class_blocks_.empty()) wanted.gate = wanted.linear = nullptr;
  threads.parallel_for((n_units_ + kUnits - 1) / kUnits, [&](size_t item, size_t thread) {
    RowTile& tile = scratch[thread].tile;
    tile.load(wanted, item * kUnits, std::min(kUnits, n_units_ - item * kUnits));
    const size_t first = item * RowTile::kBlocks;
    const size_t end = std::min(blocks_.size(), first + RowTile::kBlocks);
    for (size_t index = first; index < end; ++index) {
      if (index + 1 < end) {
        blocks_[index + 1].prefetch();
        if (!class_blocks_.empty()) class_blocks_[index + 1].prefetch();
      }
      const BlockValues part = tile.block(index - first);
      blocks_[index].observe(part, sequences, scratch[thread], *sinks[thread]);
      if (!class_blocks_.empty()) class_blocks_[index].observe(part, sequences, scratch[thread]);
    }
  });
}

void SiteCollator::settle(ThreadPool& threads, std::span<WindowSink* const> sinks) {
  threads.parallel_for(blocks_.size(),
                       [&](size_t index, size_t thread) { blocks_[index].settle(*sinks[thread]); });
}

void SiteCollator::record(uint32_t unit, UnitRecord& into) const {
  blocks_[unit / kLanes].record(lane(unit), into);
  into.classes.clear();
  if (!class_blocks_.empty()) class_blocks_[unit / kLanes].record(lane(unit), into.classes);
}

void SiteCollator::restore(uint32_t unit, const UnitRecord& record) {
  blocks_[unit / kLanes].restore(lane(unit), record);
  if (!class_blocks_.empty()) class_blocks_[unit / kLanes].restore(lane(unit), record.classes);
}

}  // namespace actogram
