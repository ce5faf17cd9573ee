// Events as they come, in bounded memory: each thread fills a buffer of its own, and a full one
// goes to disk as a run, sorted, once in each order. Afterwards there are a few sorted runs, in
// files or in the buffers, which event_merge.h makes one of.
//
// Runs are files events-N.token and events-N.unit; save() makes what there is safe, and a later
// process takes it up.
#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/memory.h"
#include "base/threads.h"
#include "core/event.h"
#include "store/event_merge.h"
#include "store/event_sort.h"

namespace actogram {

// A run on the disk, by its number.
struct StoredRun {
  uint32_t number = 0;
  uint64_t n_events = 0;
};

class EventRuns {
 public:
  // `memory_bytes` is for all buffers together; memory that is not filled is not taken. Runs of an
  // earlier process are in the folder: those that it `saved` are taken up, others removed.
  EventRuns(std::string folder, size_t n_threads, size_t memory_bytes, EventBits bits,
            std::span<const StoredRun> saved = {});

  // Threads may add at once, each with its own number.
  void add(size_t thread, const Event& event) {
    Buffer& buffer = buffers_[thread];
    if (buffer.n == capacity_) spill(buffer);
    buffer.events[buffer.n++] = event;
  }

  // Empties the buffers; after it the runs on the disk survive a power cut.
  std::vector<StoredRun> save();
  // Those that were saved stay for a process that goes on from there.
  void remove_unsaved();

  uint64_t n_events() const;
  // All events, every run in this order; they stand until the next call.
  std::vector<EventRun> sorted(EventOrder order, ThreadPool& pool);

 private:
  struct alignas(64) Buffer {
    PageBuffer events_memory, scratch_memory;  // not touched before it is filled
    std::span<Event> events, scratch;          // [capacity_]
    size_t n = 0;
  };
  struct Spilled {
    StoredRun run;
    MappedFile by_token, by_unit;
    bool is_synced = false;
  };

  std::string path_of(uint32_t run, EventOrder order) const;
  void sort(Buffer& buffer, EventOrder order) const;
  void spill(Buffer& buffer);
  void write(EventOrder order, Buffer& buffer, const std::string& path) const;
  Spilled open(const StoredRun& run) const;

  std::string folder_;
  EventBits bits_;
  size_t capacity_;  // events of a buffer
  std::vector<Buffer> buffers_;
  std::mutex mutex_;
  std::vector<Spilled> spilled_;
  uint32_t next_run_ = 0;
};

}  // namespace actogram
