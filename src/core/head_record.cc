#include "core/head_record.h"

#include <limits>

#include "core/unit_record.h"

namespace actogram {

double HeadScores::mean(HeadSum which) const {
  const uint64_t n = which == kInduction ? n_repeats : n_queries;
  if (n == 0) return std::numeric_limits<double>::quiet_NaN();
  return sums[which].value() / static_cast<double>(n);
}

void HeadScores::merge(const HeadScores& other) {
  n_queries += other.n_queries;
  n_repeats += other.n_repeats;
  for (size_t i = 0; i < sums.size(); ++i) sums[i].merge(other.sums[i]);
}

uint32_t head_window_begin(uint32_t query, uint32_t key, uint32_t n_tokens, uint32_t width) {
  const uint32_t begin = window_around(query, n_tokens, width).begin;
  return query - key < width ? std::min(begin, key) : begin;
}

void assign_head_groups(std::vector<HeadPeak>& peaks, const CollateOptions& options) {
  const auto mark = [&](uint32_t n, Group group, const auto& before) {
    std::ranges::sort(peaks, before);
    for (size_t i = 0; i < std::min<size_t>(n, peaks.size()); ++i) peaks[i].groups |= group;
  };
  for (HeadPeak& peak : peaks) peak.groups = 0;
  mark(options.random, kRandom, [](const HeadPeak& a, const HeadPeak& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
  });
  mark(options.bottom, kBottom, [](const HeadPeak& a, const HeadPeak& b) {
    return a.value != b.value ? a.value < b.value : a.at < b.at;
  });
  mark(options.top, kTop, [](const HeadPeak& a, const HeadPeak& b) {
    return a.value != b.value ? a.value > b.value : a.at < b.at;
  });
}

}  // namespace actogram
