#include "store/event_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <utility>

#include "base/turns.h"
#include "store/event_merge.h"

namespace actogram {
namespace {

EventBits bits_of(const EventSpace& space) {
  if (space.n_tokens > kMostEventTokens) {
    fail(Code::unsupported, "{} tokens: events are kept for up to {}; record in shards",
         space.n_tokens, kMostEventTokens);
  }
  if (space.n_units > kMostEventUnits) {
    fail(Code::unsupported, "{} units: events are kept for up to {}; record fewer sites at once",
         space.n_units, kMostEventUnits);
  }
  const auto bits = [](uint64_t n) {
    return static_cast<int>(std::bit_width(std::max<uint64_t>(n, 1)));
  };
  return {.token = bits(space.n_tokens), .unit = bits(space.n_units)};
}

void check_event(const Event& event, const EventSpace& space) {
  if (event.token >= space.n_tokens) {
    fail(Code::invalid, "an event at token {} of {}", event.token, space.n_tokens);
  }
  if (event.unit >= space.n_units) {
    fail(Code::invalid, "an event of unit {} of {}", event.unit, space.n_units);
  }
  if (event.value == 0 || !std::isfinite(event.value)) {
    fail(Code::invalid, "unit {} at token {}: a value of {} is no event", event.unit, event.token,
         event.value);
  }
}

// Leaves each key once, and gives how many events it took away.
template <EventOrder kOrder>
size_t drop_repeats(std::vector<Event>& sorted) {
  const size_t n = sorted.size();
  const auto same = [](const Event& a, const Event& b) {
    return key_of<kOrder>(a) == key_of<kOrder>(b);
  };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  return n - sorted.size();
}

// Makes the parts of a table on all threads and hands them in one after another. `make` gets the
// number of the part and room for its events, and returns what hands it in.
void write_parts(size_t n_parts, ThreadPool& pool,
                 const std::function<std::function<void()>(size_t, std::vector<Event>&)>& make) {
  std::vector<std::vector<Event>> room(pool.n_threads());
  Turns turns;
  pool.parallel_for(n_parts, [&](size_t part, size_t thread) {
    try {
      const auto hand_in = make(part, room[thread]);
      turns.take(part, hand_in);
    } catch (...) {
      turns.give_up();
      throw;
    }
  });
}

}  // namespace

EventWriter::EventWriter(std::string folder, EventSpace space, size_t n_threads,
                         size_t memory_bytes, std::span<const StoredRun> saved)
    : folder_(std::move(folder)),
      space_(space),
      runs_(folder_, n_threads, memory_bytes, bits_of(space), saved) {}

void EventWriter::add(size_t thread, std::span<const uint32_t> tokens,
                      std::span<const uint32_t> units, std::span<const float> values) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Event event{tokens[i], units[i], values[i]};
    check_event(event, space_);
    runs_.add(thread, event);
  }
}

uint64_t EventWriter::check_once(std::vector<Event>& by_token) const {
  const auto name = [&](const Event& event) {
    return name_ ? name_(event) : fmt::format("unit {} at token {}", event.unit, event.token);
  };
  for (size_t i = 1; i < by_token.size(); ++i) {
    const Event &a = by_token[i - 1], &b = by_token[i];
    if (key_of<EventOrder::by_token>(a) != key_of<EventOrder::by_token>(b)) continue;
    const bool same = std::bit_cast<uint32_t>(a.value) == std::bit_cast<uint32_t>(b.value);
    if (drops_ && same) continue;
    fail(Code::invalid, "{} has two values: {} and {}; a unit has one at a token", name(a), a.value,
         b.value);
  }
  return drops_ ? drop_repeats<EventOrder::by_token>(by_token) : 0;
}

// The threads merge parts of batches, so that one batch is in memory, whatever their number.
void EventWriter::write_by_token(ThreadPool& pool, TokenEventsWriter& table) {
  constexpr uint64_t kTokensPerPart = kTokensPerEventBatch / 8;
  const auto runs = runs_.sorted(EventOrder::by_token, pool);
  const auto of_tokens = [&](uint64_t first, uint64_t n) {
    return between<EventOrder::by_token>(runs, first << 32, ((first + n - 1) << 32) | UINT32_MAX);
  };
  const auto begin_batch = [&](uint64_t first) {
    uint64_t n_events = 0;
    for (const EventRun& run : of_tokens(first, kTokensPerEventBatch)) n_events += run.size();
    table.begin_batch(n_events);
  };
  const size_t n_parts = (space_.n_tokens + kTokensPerPart - 1) / kTokensPerPart;
  write_parts(n_parts, pool, [&](size_t part, std::vector<Event>& events) {
    const uint64_t first = part * kTokensPerPart, end = first + kTokensPerPart;
    merge<EventOrder::by_token>(of_tokens(first, kTokensPerPart), events);
    n_dropped_ += check_once(events);
    return [&, first, end] {
      if (first % kTokensPerEventBatch == 0) begin_batch(first);
      table.add(events);
      if (end % kTokensPerEventBatch == 0 || end >= space_.n_tokens) table.end_batch();
    };
  });
}

// Batches are cut where they would be with the repeated events, which then leave them smaller.
void EventWriter::write_by_unit(ThreadPool& pool, UnitEventsWriter& table) {
  const auto runs = runs_.sorted(EventOrder::by_unit, pool);
  const size_t n_batches = (runs_.n_events() + kEventsPerBatch - 1) / kEventsPerBatch;
  std::vector<uint64_t> first_keys(n_batches);
  pool.parallel_for(n_batches, [&](size_t batch, size_t) {
    first_keys[batch] = key_at<EventOrder::by_unit>(runs, batch * kEventsPerBatch);
  });
  write_parts(n_batches, pool, [&](size_t batch, std::vector<Event>& events) {
    const uint64_t last = batch + 1 < n_batches ? first_keys[batch + 1] - 1 : kLastKey;
    merge<EventOrder::by_unit>(between<EventOrder::by_unit>(runs, first_keys[batch], last), events);
    if (n_dropped_ > 0) drop_repeats<EventOrder::by_unit>(events);
    return [&table, columns = table.make(events)] { table.write(columns); };
  });
}

StoredFiles EventWriter::finish(ThreadPool& pool) {
  StoredFiles files;
  TokenEventsWriter by_token(folder_, space_.n_tokens);
  write_by_token(pool, by_token);
  by_token.finish(files);
  UnitEventsWriter by_unit(folder_, space_.n_units);
  write_by_unit(pool, by_unit);
  by_unit.finish(files);
  runs_.remove_unsaved();
  return files;
}

}  // namespace actogram
