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
  threads.parallel_for(blocks_.size(), [&](size_t index, size_t thread) {
    SiteValues part = values;
    part.values += index * UnitBlock::kLanes;
    blocks_[index].observe(part, sequences, scratch[thread], *sinks[thread]);
  });
}

}  // namespace actogram
