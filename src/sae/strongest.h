// The k strongest of the latents that one row offers, in rising order of latent.
//
// Most are weaker than the bar, the weakest that can still count, so callers compare with bar()
// first. Of equals the lower latent stays: it came first, and only what is above the bar is taken.
// Strongest of parts of a row may be merged: the k strongest of the whole are among them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace actogram {

struct LatentEvent {
  uint32_t row = 0;  // of those that SaeEncoder::encode() was given
  uint32_t latent = 0;
  float value = 0;  // above 0

  bool operator==(const LatentEvent&) const = default;
};

// Leaves the k strongest of events[begin, end), in any order.
inline void cut_to_strongest(std::vector<LatentEvent>& events, size_t begin, size_t k) {
  if (events.size() - begin <= k) return;
  const auto stronger = [](const LatentEvent& a, const LatentEvent& b) {
    return a.value != b.value ? a.value > b.value : a.latent < b.latent;
  };
  const auto first = events.begin() + static_cast<ptrdiff_t>(begin);
  std::nth_element(first, first + static_cast<ptrdiff_t>(k) - 1, events.end(), stronger);
  events.resize(begin + k);
}

class Strongest {
 public:
  void clear() {
    events_.clear();
    bar_ = 0;
  }

  float bar() const { return bar_; }

  // Requires: event.value > bar(), and no latent above event.latent was offered before.
  void offer(const LatentEvent& event, size_t k) {
    events_.push_back(event);
    if (events_.size() < 2 * k) return;
    cut_to_strongest(events_, 0, k);
    bar_ = std::ranges::min(events_, {}, &LatentEvent::value).value;
  }

  // The k strongest, and perhaps as many others.
  const std::vector<LatentEvent>& events() const { return events_; }

 private:
  std::vector<LatentEvent> events_;
  float bar_ = 0;
};

}  // namespace actogram
