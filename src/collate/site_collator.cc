#include "collate/site_collator.h"

#include <algorithm>

namespace actogram {

SiteCollator::SiteCollator(const Site& site, const CollateOptions& options)
    : n_units_(site.n_units) {
  constexpr uint32_t kLanes = UnitBlock::kLanes;
  blocks_.reserve((site.n_units + kLanes - 1) / kLanes);
  for (uint32_t first = 0; first < site.n_units; first += kLanes) {
    blocks_.emplace_back(site.name, first, std::min(kLanes, site.n_units - first), options);
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
      part.values += index * UnitBlock::kLanes;
      blocks_[index].observe(part, sequences, scratch[thread], *sinks[thread]);
    }
  });
}

}  // namespace actogram
