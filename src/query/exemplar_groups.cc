#include "query/exemplar_groups.h"

#include <fmt/format.h>

#include <algorithm>

namespace actogram {
namespace {

struct GroupRow {
  Group group;
  const char* name;
  const char* title;
  int bucket;
};

// The order in which people see them.
constexpr GroupRow kGroups[] = {
    {kTop, "top", "Highest maxima", -1},
    {kBottom, "bottom", "Lowest minima", -1},
    {kBucket4, "bucket4", "Maximum in the top 0.1 %", 4},
    {kBucket3, "bucket3", "Maximum between the 99th and 99.9th percentile", 3},
    {kBucket2, "bucket2", "Maximum between the 90th and 99th percentile", 2},
    {kBucket1, "bucket1", "Maximum between the 50th and 90th percentile", 1},
    {kBucket0, "bucket0", "Maximum in the lower half", 0},
    {kRandom, "random", "Random sequences", -1},
};

// Random ones come as they were drawn, so that a shorter list is a sample too.
ExemplarGroup group_of(const UnitRecord& unit, const GroupRow& row) {
  ExemplarGroup group{row.name, row.title, row.bucket, {}};
  const auto add = [&](size_t index, uint16_t groups) {
    if ((groups & row.group) != 0) group.peaks.push_back(index);
  };
  if (unit.head) {
    const std::vector<HeadPeak>& peaks = unit.head->peaks;
    for (size_t i = 0; i < peaks.size(); ++i) add(i, peaks[i].groups);
    if (row.group == kBottom) {
      group.title = "Lowest maxima";
      std::ranges::stable_sort(group.peaks, {}, [&](size_t i) { return peaks[i].value; });
    }
    if (row.group == kRandom) {
      std::ranges::stable_sort(group.peaks, {}, [&](size_t i) { return peaks[i].rank; });
    }
    return group;
  }
  for (size_t i = 0; i < n_peaks(unit); ++i) add(i, peak_of(unit, i).groups);
  if (row.group == kRandom) {
    std::ranges::stable_sort(group.peaks, {}, [&](size_t i) { return peak_of(unit, i).rank; });
  }
  return group;
}

// Buckets of which only the boundaries are known, since there are not five of them.
std::string bucket_title(std::span<const double> bounds, size_t bucket) {
  if (bucket + 1 >= bounds.size()) return fmt::format("Bucket {}", bucket);
  return fmt::format("Maximum between {:.4g} and {:.4g}", bounds[bucket], bounds[bucket + 1]);
}

}  // namespace

std::vector<ExemplarGroup> exemplar_groups(const UnitRecord& unit, std::span<const double> bounds) {
  std::vector<ExemplarGroup> groups;
  for (const GroupRow& row : kGroups) {
    ExemplarGroup group = group_of(unit, row);
    if (group.bucket >= 0 && bounds.size() != kNumBuckets + 1) {
      if (group.peaks.empty()) continue;
      group.title = bucket_title(bounds, static_cast<size_t>(group.bucket));
      group.bucket = -1;  // of no quantiles that are known
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace actogram
