// Writes the events of sparse units as four tables: every unit's events in the order of the tokens,
// and every token's in the order of the units (docs/format.md).
//
// Events come in any order, from several threads, and memory is bounded: `memory_bytes` for them,
// some megabytes a thread while the tables are written, and 24 bytes a unit. The tables are a
// function of the events; threads and memory do not change a byte.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/threads.h"
#include "core/event.h"
#include "store/corpus_tables.h"
#include "store/event_runs.h"
#include "store/event_tables.h"

namespace actogram {

// What the numbers of tokens and units are below.
struct EventSpace {
  uint64_t n_tokens = 0;
  uint64_t n_units = 0;
};

class EventWriter {
 public:
  static constexpr size_t kMemoryBytes = size_t{1} << 30;

  // Error{unsupported} for more tokens or units than the tables can number. `saved` is what save()
  // gave an earlier process.
  EventWriter(std::string folder, EventSpace space, size_t n_threads,
              size_t memory_bytes = kMemoryBytes, std::span<const StoredRun> saved = {});

  // From now on an event that is there again with the same value is dropped and counted; otherwise
  // it is an error, as one with another value is. `name` is the event in that error.
  using NameEvent = std::function<std::string(const Event& event)>;
  void drop_repeated(NameEvent name) { drops_ = true, name_ = std::move(name); }

  // Events i of the three spans. Threads may add at once, each with its own number below
  // `n_threads`. Error{invalid} for a token or unit beyond the space, and for a value that is 0 or
  // not finite: that is no event.
  void add(size_t thread, std::span<const uint32_t> tokens, std::span<const uint32_t> units,
           std::span<const float> values);

  // What was added so far is on the disk after it, for a process that goes on from here. These
  // files are there after finish() too: what is made later may be stopped as well.
  std::vector<StoredRun> save() { return runs_.save(); }

  // Error{invalid} where a unit has two values at one token.
  StoredFiles finish(ThreadPool& pool);

  uint64_t n_dropped() const { return n_dropped_; }  // after finish()

 private:
  // Gives how many events it dropped.
  uint64_t check_once(std::vector<Event>& by_token) const;
  void write_by_token(ThreadPool& pool, TokenEventsWriter& table);
  void write_by_unit(ThreadPool& pool, UnitEventsWriter& table);

  std::string folder_;
  EventSpace space_;
  EventRuns runs_;
  bool drops_ = false;
  NameEvent name_;
  std::atomic<uint64_t> n_dropped_ = 0;
};

}  // namespace actogram
