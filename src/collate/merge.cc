#include "collate/merge.h"

#include <algorithm>
#include <limits>
#include <map>

#include "collate/peak_band.h"
#include "core/histogram.h"

namespace actogram {
namespace {

void merge_histograms(std::span<const UnitRecord> parts, SparseHistogram UnitRecord::*which,
                      SparseHistogram& into) {
  std::map<uint16_t, uint64_t> sum;
  for (const UnitRecord& part : parts) {
    const SparseHistogram& histogram = part.*which;
    for (size_t i = 0; i < histogram.bins.size(); ++i)
      sum[histogram.bins[i]] += histogram.counts[i];
  }
  for (const auto& [bin, count] : sum) {
    into.bins.push_back(bin);
    into.counts.push_back(count);
  }
}

Summary merge_summaries(std::span<const UnitRecord> parts) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Summary all;
  all.min = kInfinity;
  all.max = -kInfinity;
  for (const UnitRecord& part : parts) {
    const Summary& one = part.summary;
    all.n_nan += one.n_nan;
    all.n_infinite += one.n_infinite;
    if (one.count == 0) continue;
    const bool first = all.count == 0;
    const bool lower = one.min < all.min || (one.min == all.min && one.min_at < all.min_at);
    const bool higher = one.max > all.max || (one.max == all.max && one.max_at < all.max_at);
    if (first || lower) all.min = one.min, all.min_at = one.min_at;
    if (first || higher) all.max = one.max, all.max_at = one.max_at;
    all.count += one.count;
    all.n_positive += one.n_positive;
  }
  return all;
}

void merge_maximum_peaks(std::span<const UnitRecord> parts, const CollateOptions& options,
                         std::vector<KeptPeak>& into) {
  PeakBand band(1, band_sizes(options));
  std::vector<const KeptPeak*> peaks;
  for (const UnitRecord& part : parts) {
    for (const KeptPeak& peak : part.maximum_peaks) {
      if (!band.observe(0, peak.value, peak.rank, peak.at)) continue;
      band.set_window(0, peaks.size());
      peaks.push_back(&peak);
    }
  }
  std::vector<KeptPeak> sorted;
  band.sorted(0, sorted);
  for (const KeptPeak& kept : sorted) into.push_back(*peaks[kept.window_ref]);
}

void merge_minimum_peaks(std::span<const UnitRecord> parts, const CollateOptions& options,
                         std::vector<KeptPeak>& into) {
  for (const UnitRecord& part : parts) {
    into.insert(into.end(), part.minimum_peaks.begin(), part.minimum_peaks.end());
  }
  std::ranges::sort(into, [](const KeptPeak& a, const KeptPeak& b) {
    return a.value != b.value ? a.value < b.value : a.at < b.at;
  });
  if (into.size() > options.bottom) into.resize(options.bottom);
}

std::vector<ClassRecord> merge_classes(std::span<const UnitRecord> parts,
                                       const CollateOptions& options) {
  std::vector<ClassRecord> merged;
  for (const UnitRecord& part : parts) {
    merged.resize(part.classes.size());
    for (size_t c = 0; c < part.classes.size(); ++c) {
      merged[c].count += part.classes[c].count;
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        merged[c].sums[q].merge(part.classes[c].sums[q]);
        merged[c].peaks[q].insert(merged[c].peaks[q].end(), part.classes[c].peaks[q].begin(),
                                  part.classes[c].peaks[q].end());
      }
    }
  }
  for (ClassRecord& record : merged) {
    for (std::vector<ClassPeak>& peaks : record.peaks) {
      std::ranges::sort(peaks, ranks_before);
      if (peaks.size() > options.class_top) peaks.resize(options.class_top);
    }
  }
  return merged;
}

std::optional<HeadRecord> merge_heads(std::span<const UnitRecord> parts,
                                      const CollateOptions& options) {
  std::optional<HeadRecord> merged;
  for (const UnitRecord& part : parts) {
    if (!part.head) continue;
    if (!merged) merged.emplace();
    merged->scores.merge(part.head->scores);
    merged->peaks.insert(merged->peaks.end(), part.head->peaks.begin(), part.head->peaks.end());
  }
  if (merged) choose_head_peaks(merged->peaks, options, [](const HeadPeak&) {});
  return merged;
}

}  // namespace

UnitRecord merge_units(std::span<const UnitRecord> parts, const CollateOptions& options) {
  UnitRecord merged;
  merged.summary = merge_summaries(parts);
  for (const UnitRecord& part : parts) merged.sums.merge(part.sums);
  set_moments(merged.sums, merged.summary);
  merge_histograms(parts, &UnitRecord::values, merged.values);
  merge_histograms(parts, &UnitRecord::maxima, merged.maxima);
  merge_maximum_peaks(parts, options, merged.maximum_peaks);
  merge_minimum_peaks(parts, options, merged.minimum_peaks);
  merged.classes = merge_classes(parts, options);
  merged.head = merge_heads(parts, options);
  return merged;
}

std::array<double, kNumBuckets + 1> bucket_bounds(const UnitRecord& unit) {
  std::array<double, kNumBuckets + 1> bounds;
  for (size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = quantile(unit.maxima.bins, unit.maxima.counts, kBucketQuantiles[i],
                         unit.summary.min, unit.summary.max);
  }
  return bounds;
}

void assign_groups(UnitRecord& unit, const CollateOptions& options) {
  std::vector<KeptPeak>& peaks = unit.maximum_peaks;  // strongest first
  for (KeptPeak& peak : peaks) peak.groups = 0;
  for (KeptPeak& peak : unit.minimum_peaks) peak.groups = kBottom;
  for (size_t i = 0; i < std::min<size_t>(options.top, peaks.size()); ++i) peaks[i].groups |= kTop;

  // By rank, among equals by sequence, of which there is one peak each.
  struct Draw {
    uint64_t key;
    KeptPeak* peak;
  };
  thread_local std::vector<Draw> drawn;
  drawn.clear();
  for (KeptPeak& peak : peaks) {
    drawn.push_back({uint64_t{peak.rank} << 32 | peak.at.sequence, &peak});
  }
  std::ranges::sort(drawn, {}, &Draw::key);
  for (size_t i = 0; i < std::min<size_t>(options.random, drawn.size()); ++i) {
    drawn[i].peak->groups |= kRandom;
  }
  // PeakBand promises the first `tail` draws above any value, and the first `all` of everything;
  // later draws are there by other merits, so taking them would not be fair.
  const BandSizes sizes = band_sizes(options);
  const auto bounds = bucket_bounds(unit);
  for (size_t b = 0; b < kNumBuckets; ++b) {
    const uint32_t fair = b == 0 ? sizes.all : sizes.tail;
    uint32_t above = 0, in_bucket = 0;
    for (const auto& [key, peak] : drawn) {
      if (b > 0 && peak->value < bounds[b]) continue;
      if (above++ == fair || in_bucket == options.per_bucket) break;
      if (b + 1 < kNumBuckets && peak->value >= bounds[b + 1]) continue;
      peak->groups |= static_cast<uint16_t>(kBucket0 << b);
      ++in_bucket;
    }
  }
}

}  // namespace actogram
