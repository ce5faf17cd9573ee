#include "collate/sparse_exemplars.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "collate/merge.h"
#include "collate/peak_band.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

class Drawing {
 public:
  Drawing(const SparseValues& events, const SparseCorpus& corpus, uint64_t unit_key,
          std::span<const uint64_t> sequence_keys, const CollateOptions& options)
      : events_(events),
        corpus_(corpus),
        unit_key_(unit_key),
        sequence_keys_(sequence_keys),
        options_(options),
        firing_(firing_sequences(events, corpus)) {}

  SparseExemplars draw(const UnitRecord& unit) {
    UnitRecord all;
    all.summary = unit.summary;
    all.maxima = unit.maxima;
    for (const FiringSequence& firing : firing_) {
      all.maximum_peaks.push_back(peak_of(firing.sequence, highest_in(firing, events_, corpus_)));
    }
    add_silent(all.maximum_peaks);
    std::ranges::sort(all.maximum_peaks, [](const KeptPeak& a, const KeptPeak& b) {
      return a.value != b.value ? a.value > b.value : a.at < b.at;
    });
    add_lowest(all.minimum_peaks);
    assign_groups(all, options_);
    for (KeptPeak& peak : all.maximum_peaks) {
      if (peak.value <= 0) peak.groups &= static_cast<uint16_t>(~kTop);
    }
    std::erase_if(all.maximum_peaks, [](const KeptPeak& peak) { return peak.groups == 0; });
    SparseExemplars exemplars{std::move(all.maximum_peaks), std::move(all.minimum_peaks), {}};
    add_windows(exemplars);
    return exemplars;
  }

 private:
  KeptPeak peak_of(uint32_t sequence, const SparsePeak& found) const {
    KeptPeak peak;
    peak.at = {sequence, static_cast<uint32_t>(found.token - corpus_.first_token(sequence))};
    peak.value = found.value;
    peak.rank = sample_rank(unit_key_, sequence_keys_[sequence]);
    return peak;
  }

  // Of the sequences where every value is 0, those drawn first: as many as any group may look at.
  void add_silent(std::vector<KeptPeak>& peaks) const {
    const BandSizes sizes = band_sizes(options_);
    const size_t most = std::max({sizes.tail, sizes.all, options_.random});
    std::vector<std::pair<uint32_t, uint32_t>> silent;  // rank, sequence
    auto next = firing_.begin();
    for (uint32_t s = 0; s < corpus_.n_sequences(); ++s) {
      if (next != firing_.end() && next->sequence == s) {
        ++next;
      } else if (corpus_.n_known(s) > 0) {
        silent.emplace_back(sample_rank(unit_key_, sequence_keys_[s]), s);
      }
    }
    const size_t n = std::min(most, silent.size());
    std::ranges::partial_sort(silent, silent.begin() + static_cast<ptrdiff_t>(n));
    silent.resize(n);
    for (const auto& [rank, sequence] : silent) {
      const uint64_t begin = corpus_.first_token(sequence), end = corpus_.first_token(sequence + 1);
      peaks.push_back(peak_of(sequence, {corpus_.known().first(begin, end).value_or(begin), 0}));
    }
  }

  void add_lowest(std::vector<KeptPeak>& peaks) const {
    for (const FiringSequence& firing : firing_) {
      SparsePeak lowest{0, 0};
      for (size_t i = firing.begin; i < firing.end; ++i) {
        if (events_.values[i] < lowest.value) lowest = {events_.tokens[i], events_.values[i]};
      }
      if (lowest.value < 0) peaks.push_back(peak_of(firing.sequence, lowest));
    }
    std::ranges::sort(peaks, [](const KeptPeak& a, const KeptPeak& b) {
      return a.value != b.value ? a.value < b.value : a.at < b.at;
    });
    if (peaks.size() > options_.bottom) peaks.resize(options_.bottom);
  }

  // Fills [begin, end) of tokens.
  void fill_window(uint64_t begin, std::span<float> window) const {
    const uint64_t end = begin + window.size();
    std::ranges::fill(window, std::numeric_limits<float>::quiet_NaN());
    for (auto token = corpus_.known().first(begin, end); token;
         token = corpus_.known().first(*token + 1, end)) {
      window[*token - begin] = 0;
    }
    const auto first = std::ranges::lower_bound(events_.tokens, begin);
    for (auto i = static_cast<size_t>(first - events_.tokens.begin());
         i < events_.tokens.size() && events_.tokens[i] < end; ++i) {
      window[events_.tokens[i] - begin] = events_.values[i];
    }
  }

  void add_windows(SparseExemplars& exemplars) const {
    const auto window_of = [&](const KeptPeak& peak) {
      const uint64_t n =
          corpus_.first_token(peak.at.sequence + 1) - corpus_.first_token(peak.at.sequence);
      return window_around(peak.at.position, static_cast<uint32_t>(n), options_.window);
    };
    size_t n_values = 0;
    for (const auto* peaks : {&exemplars.maximum_peaks, &exemplars.minimum_peaks}) {
      for (const KeptPeak& peak : *peaks) n_values += window_of(peak).end - window_of(peak).begin;
    }
    exemplars.windows.resize(n_values);
    std::span<float> left = exemplars.windows;
    for (auto* peaks : {&exemplars.maximum_peaks, &exemplars.minimum_peaks}) {
      for (KeptPeak& peak : *peaks) {
        const Window window = window_of(peak);
        const auto values = left.first(window.end - window.begin);
        left = left.subspan(values.size());
        fill_window(corpus_.first_token(peak.at.sequence) + window.begin, values);
        peak.window_begin = window.begin;
        peak.window = values;
      }
    }
  }

  const SparseValues& events_;
  const SparseCorpus& corpus_;
  uint64_t unit_key_;
  std::span<const uint64_t> sequence_keys_;
  const CollateOptions& options_;
  std::vector<FiringSequence> firing_;
};

}  // namespace

SparseExemplars sparse_exemplars(const SparseValues& events, const SparseCorpus& corpus,
                                 const UnitRecord& unit, uint64_t unit_key,
                                 std::span<const uint64_t> sequence_keys,
                                 const CollateOptions& options) {
  return Drawing(events, corpus, unit_key, sequence_keys, options).draw(unit);
}

}  // namespace actogram
