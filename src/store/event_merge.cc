#include "store/event_merge.h"

#include <algorithm>

namespace actogram {
namespace {

template <EventOrder kOrder>
EventRun::iterator after(EventRun run, uint64_t key) {
  return std::ranges::upper_bound(run, key, {}, key_of<kOrder>);
}

}  // namespace

template <EventOrder kOrder>
uint64_t key_at(std::span<const EventRun> runs, uint64_t rank) {
  uint64_t low = 0, high = kLastKey;  // the key is one of these
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    uint64_t n = 0;
    for (const EventRun run : runs) {
      n += static_cast<uint64_t>(after<kOrder>(run, middle) - run.begin());
    }
    if (n > rank) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

template <EventOrder kOrder>
std::vector<EventRun> between(std::span<const EventRun> runs, uint64_t first, uint64_t last) {
  std::vector<EventRun> parts;
  for (const EventRun run : runs) {
    const auto begin = std::ranges::lower_bound(run, first, {}, key_of<kOrder>);
    const auto end = after<kOrder>(run, last);
    if (begin < end) parts.emplace_back(begin, end);
  }
  return parts;
}

// The run with the lowest key gives events as long as they come before the first of every other
// run. Runs of a recording hardly overlap by token, and by unit each has many of one unit.
template <EventOrder kOrder>
void merge(std::vector<EventRun> runs, std::vector<Event>& into) {
  const auto key = [](const Event& event) { return key_of<kOrder>(event); };
  const auto later = [&](EventRun a, EventRun b) { return key(a.front()) > key(b.front()); };
  size_t n = 0;
  for (const EventRun run : runs) n += run.size();
  into.resize(n);
  std::ranges::make_heap(runs, later);
  for (auto to = into.begin(); !runs.empty();) {
    std::ranges::pop_heap(runs, later);
    const EventRun run = runs.back();
    runs.pop_back();
    const uint64_t limit = runs.empty() ? kLastKey : key(runs.front().front());
    auto from = run.begin();
    do *to++ = *from++;
    while (from != run.end() && key(*from) <= limit);
    if (from == run.end()) continue;
    runs.emplace_back(from, run.end());
    std::ranges::push_heap(runs, later);
  }
}

template uint64_t key_at<EventOrder::by_token>(std::span<const EventRun>, uint64_t);
template uint64_t key_at<EventOrder::by_unit>(std::span<const EventRun>, uint64_t);
template std::vector<EventRun> between<EventOrder::by_token>(std::span<const EventRun>, uint64_t,
                                                             uint64_t);
template std::vector<EventRun> between<EventOrder::by_unit>(std::span<const EventRun>, uint64_t,
                                                            uint64_t);
template void merge<EventOrder::by_token>(std::vector<EventRun>, std::vector<Event>&);
template void merge<EventOrder::by_unit>(std::vector<EventRun>, std::vector<Event>&);

}  // namespace actogram
