#include "collate/peak_band.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace actogram {
namespace {

std::vector<KeptPeak> random_peaks(std::mt19937& rng, size_t n) {
  std::vector<KeptPeak> peaks(n);
  for (uint32_t i = 0; i < n; ++i) {
    peaks[i].at = {i, static_cast<uint32_t>(rng() % 100)};
    peaks[i].value = static_cast<float>(rng() % 50) - 10;  // ties everywhere
    if (peaks[i].value == 0 && rng() % 2 == 0) peaks[i].value = -0.0F;
    peaks[i].rank = static_cast<uint32_t>(rng() % (4 * n));  // and here
  }
  return peaks;
}

bool drawn_before(const KeptPeak& a, const KeptPeak& b) {
  return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
}
bool stronger(const KeptPeak& a, const KeptPeak& b) {
  return a.value != b.value ? a.value > b.value : a.at < b.at;
}

// The definition: count dominators over everything that was ever observed.
std::vector<Place> kept_by_counting(const std::vector<KeptPeak>& peaks, BandSizes sizes) {
  std::vector<KeptPeak> kept;
  for (const KeptPeak& peak : peaks) {
    size_t dominators = 0, earlier = 0;
    for (const KeptPeak& other : peaks) {
      earlier += drawn_before(other, peak);
      dominators += drawn_before(other, peak) && stronger(other, peak);
    }
    if (dominators < sizes.tail || earlier < sizes.all) kept.push_back(peak);
  }
  std::ranges::sort(kept, stronger);
  std::vector<Place> places;
  for (const KeptPeak& peak : kept) places.push_back(peak.at);
  return places;
}

std::vector<Place> places_of(const std::vector<KeptPeak>& peaks) {
  std::vector<Place> places;
  for (const KeptPeak& peak : peaks) places.push_back(peak.at);
  return places;
}

std::vector<KeptPeak> sorted(const PeakBand& band, size_t unit) {
  std::vector<KeptPeak> peaks;
  band.sorted(unit, peaks);
  return peaks;
}

TEST(PeakBand, KeepsAsManyAsExpected) {
  const BandSizes sizes = band_sizes({});
  std::mt19937 rng(3);
  for (const size_t n : {0, 1, 30, 50, 200, 1000}) {
    constexpr size_t kRounds = 50;
    double kept = 0;
    for (size_t round = 0; round < kRounds; ++round) {
      std::vector<KeptPeak> peaks(n);
      for (uint32_t i = 0; i < n; ++i) {
        peaks[i].at = {i, 0}, peaks[i].value = static_cast<float>(rng()), peaks[i].rank = rng();
      }
      kept += static_cast<double>(kept_by_counting(peaks, sizes).size()) / kRounds;
    }
    const auto expected = static_cast<double>(expected_peaks(sizes, n));
    EXPECT_NEAR(kept, expected, 1 + 0.02 * expected) << n;
  }
}

TEST(PeakBand, KeepsWhatTheDefinitionKeepsInEveryOrder) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const BandSizes sizes{1 + static_cast<uint32_t>(rng() % 6),
                          1 + static_cast<uint32_t>(rng() % 12)};
    auto peaks = random_peaks(rng, rng() % 200);
    const auto expected = kept_by_counting(peaks, sizes);
    PeakBand band(3, sizes);
    for (int unit = 0; unit < 3; ++unit) {
      std::ranges::shuffle(peaks, rng);
      for (const KeptPeak& peak : peaks) {
        if (band.observe(static_cast<size_t>(unit), peak.value, peak.rank, peak.at)) {
          band.set_window(static_cast<size_t>(unit), peak.at.sequence);
        }
      }
    }
    for (size_t unit = 0; unit < 3; ++unit) {
      const auto kept = sorted(band, unit);
      EXPECT_EQ(places_of(kept), expected);
      for (const KeptPeak& peak : kept) EXPECT_EQ(peak.window_ref, peak.at.sequence);
    }
  }
}

TEST(PeakBand, MergesToWhatOneRunKeeps) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const BandSizes sizes{4, 9};
    const auto peaks = random_peaks(rng, 300);
    PeakBand shards(3, sizes), merged(1, sizes);
    for (const KeptPeak& peak : peaks) shards.observe(rng() % 3, peak.value, peak.rank, peak.at);
    for (size_t shard = 0; shard < 3; ++shard) {
      for (const KeptPeak& peak : sorted(shards, shard)) {
        merged.observe(0, peak.value, peak.rank, peak.at);
      }
    }
    EXPECT_EQ(places_of(sorted(merged, 0)), kept_by_counting(peaks, sizes));
  }
}

// The promise of the header: above any value, the `tail` peaks drawn first are all kept.
TEST(PeakBand, HoldsTheFirstDrawnAboveEveryValue) {
  std::mt19937 rng(7);
  const BandSizes sizes{5, 8};
  auto peaks = random_peaks(rng, 400);
  PeakBand band(1, sizes);
  for (const KeptPeak& peak : peaks) band.observe(0, peak.value, peak.rank, peak.at);
  const auto kept = places_of(sorted(band, 0));
  std::ranges::sort(peaks, drawn_before);
  for (float value = 0; value < 50; ++value) {
    uint32_t found = 0;
    for (const KeptPeak& peak : peaks) {
      if (peak.value < value || found++ >= sizes.tail) continue;
      EXPECT_TRUE(std::ranges::find(kept, peak.at) != kept.end()) << value;
    }
  }
}

TEST(PeakBand, StaysSmall) {
  std::mt19937 rng(3);
  const BandSizes sizes = band_sizes({});
  PeakBand band(1, sizes);
  const uint32_t n = 20000;
  for (uint32_t i = 0; i < n; ++i) {
    band.observe(0, std::normal_distribution<float>()(rng), static_cast<uint32_t>(rng()), {i, 0});
  }
  const auto expected = static_cast<double>(expected_peaks(sizes, n));
  EXPECT_NEAR(static_cast<double>(sorted(band, 0).size()), expected, 40);
}

// What WindowStore lays out by: peaks of much wear are the ones that go.
TEST(PeakBand, WearTellsWhichPeaksWillBeDisplaced) {
  std::mt19937 rng(1);
  const auto peaks = random_peaks(rng, 2000);
  PeakBand band(1, {.tail = 20, .all = 30});
  const auto observe = [&](size_t first, size_t end) {
    for (size_t i = first; i < end; ++i) {
      if (band.observe(0, peaks[i].value, peaks[i].rank, peaks[i].at)) band.set_window(0, i);
    }
  };
  observe(0, 1000);
  std::map<uint64_t, uint32_t> wear_at_half;
  band.for_each_window(0, [&](uint64_t& window, auto wear) { wear_at_half[window] = wear(); });
  observe(1000, 2000);
  size_t n_worn = 0, n_fresh = 0, n_dropped = 0;
  for (const uint64_t window : band.dropped_windows()) {
    const auto found = wear_at_half.find(window);
    if (found == wear_at_half.end()) continue;
    ++n_dropped;
    n_worn += found->second > kMostWear / 2;
    wear_at_half.erase(found);
  }
  for (const auto& [window, wear] : wear_at_half) n_fresh += wear <= kMostWear / 2;
  EXPECT_GT(n_dropped, 10u);
  EXPECT_GT(n_worn, n_dropped * 2 / 3);
  EXPECT_GT(n_fresh, wear_at_half.size() * 2 / 3);
}

}  // namespace
}  // namespace actogram
