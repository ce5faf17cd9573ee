#include "query/histogram_view.h"

#include "core/histogram.h"

namespace actogram {

HistogramView view_of(const SparseHistogram& histogram, double min, double max) {
  HistogramView view;
  if (histogram.bins.empty()) return view;
  constexpr double kBarsAcross = 64;
  const double narrowest = (max - min) / kBarsAcross;
  const uint32_t first = histogram.bins.front(), last = histogram.bins.back();
  view.edges.push_back(lower_edge(first));
  uint64_t count = 0;
  size_t next = 0;
  for (uint32_t bin = first; bin <= last; ++bin) {
    if (histogram.bins[next] == bin) count += histogram.counts[next++];
    const double edge = lower_edge(bin + 1);
    if (bin < last && edge - view.edges.back() < narrowest) continue;
    view.edges.push_back(edge);
    view.counts.push_back(count);
    count = 0;
  }
  return view;
}

}  // namespace actogram
