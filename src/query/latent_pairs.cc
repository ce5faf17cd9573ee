#include "query/latent_pairs.h"

#include <algorithm>

#include "store/recording.h"

namespace actogram {

std::span<const float> keys_of_event(const Recording& recording, uint64_t unit_row,
                                     uint64_t token) {
  if (recording.attributions() == nullptr) return {};
  const TokenEvents events = recording.events()->at_token(token);
  size_t low = 0, high = events.size();  // units ascend
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (events.unit(middle) < unit_row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == events.size() || events.unit(low) != unit_row) return {};
  return recording.attributions()->event(recording.events()->first_event_at(token) + low);
}

std::optional<ExcerptPairs> pairs_of_latent(const Recording& recording, uint64_t unit_row,
                                            Place peak, uint32_t begin, uint32_t n) {
  if (recording.attributions() == nullptr || !is_attributed(recording.manifest(), unit_row)) {
    return std::nullopt;
  }
  const SequenceRow sequence = recording.corpus().sequence(peak.sequence);
  if (begin > sequence.n_tokens || n > sequence.n_tokens - begin) {
    fail(Code::corrupt, "{}: a window ends at position {} of a sequence of {} tokens",
         recording.path(), uint64_t{begin} + n, sequence.n_tokens);
  }
  ExcerptPairs pairs{.key = peak.position, .n = n, .pattern = {}, .key_norms = {}};
  for (uint32_t q = 0; q < n; ++q) {
    const auto keys = keys_of_event(recording, unit_row, sequence.first_token + begin + q);
    if (!keys.empty() && keys.size() != begin + q + 1) {
      fail(Code::corrupt, "{}: an event at position {} has {} keys", recording.path(), begin + q,
           keys.size());
    }
    const auto inside = keys.empty() ? keys : keys.subspan(begin);
    pairs.pattern.insert(pairs.pattern.end(), inside.begin(), inside.end());
    pairs.pattern.resize(triangle_size(q + 1));
    if (begin + q == peak.position && !inside.empty()) {
      pairs.key = begin + static_cast<uint32_t>(std::ranges::max_element(inside) - inside.begin());
    }
  }
  return pairs;
}

}  // namespace actogram
