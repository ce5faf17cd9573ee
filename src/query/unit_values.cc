#include "query/unit_values.h"

#include <algorithm>
#include <limits>

#include "core/unit_address.h"
#include "query/window_values.h"

namespace actogram {

UnitValues::UnitValues(const Recording& recording, const UnitReader& reader,
                       const UnitAddress& address)
    : recording_(recording), site_(find_site(recording.manifest().sites, address.site)) {
  const uint64_t row = unit_row(recording.manifest().sites, address);
  if (recording.events() != nullptr && is_sparse_site(address.site)) {
    events_.emplace(*recording.events(), row);
  } else {
    read_ = reader.unit(row);
  }
}

std::vector<float> UnitValues::over(uint32_t number) const {
  const SequenceRow sequence = recording_.corpus().sequence(number);
  std::vector<float> values(sequence.n_tokens, std::numeric_limits<float>::quiet_NaN());
  if (events_) {
    fill_from_events(sequence.first_token, values);
  } else {
    fill_from_windows(read_.record, number, 0, 1, values);
  }
  return values;
}

std::vector<uint32_t> UnitValues::known_sequences() const {
  std::vector<uint32_t> sequences;
  if (events_) {
    sequences.resize(recording_.corpus().n_sequences());
    for (uint32_t s = 0; s < sequences.size(); ++s) sequences[s] = s;
    return sequences;
  }
  for (const auto* peaks : {&read_.record.maximum_peaks, &read_.record.minimum_peaks}) {
    for (const KeptPeak& peak : *peaks) sequences.push_back(peak.at.sequence);
  }
  std::ranges::sort(sequences);
  const auto again = std::unique(sequences.begin(), sequences.end());
  sequences.erase(again, sequences.end());
  return sequences;
}

void UnitValues::fill_from_events(uint64_t first, std::vector<float>& values) const {
  const uint64_t end = first + values.size();
  const KnownTokens known = recording_.token_lists().known(site_);
  for (auto token = known.first(first, end); token; token = known.first(*token + 1, end)) {
    values[*token - first] = 0;
  }
  const SparseValues of_unit = events_->values();
  const auto event = std::ranges::lower_bound(of_unit.tokens, first);
  for (auto i = static_cast<size_t>(event - of_unit.tokens.begin());
       i < of_unit.tokens.size() && of_unit.tokens[i] < end; ++i) {
    values[of_unit.tokens[i] - first] = of_unit.values[i];
  }
}

}  // namespace actogram
