#include "store/event_runs.h"

#include <algorithm>
#include <filesystem>

namespace actogram {
namespace {

EventRun events_of(const MappedFile& file) {
  return {reinterpret_cast<const Event*>(file.bytes().data()), file.bytes().size() / sizeof(Event)};
}

std::span<Event> room_for(size_t n, PageBuffer& memory) {
  memory.reserve(n * sizeof(Event));
  return {reinterpret_cast<Event*>(memory.data()), n};
}

}  // namespace

EventRuns::EventRuns(std::string folder, size_t n_threads, size_t memory_bytes, EventBits bits)
    : folder_(std::move(folder)),
      bits_(bits),
      capacity_(std::max<size_t>(1, memory_bytes / (2 * n_threads * sizeof(Event)))),
      buffers_(n_threads) {
  for (Buffer& buffer : buffers_) {
    buffer.events = room_for(capacity_, buffer.events_memory);
    buffer.scratch = room_for(capacity_, buffer.scratch_memory);
  }
}

void EventRuns::sort(Buffer& buffer, EventOrder order) const {
  sort_events(order, buffer.events.first(buffer.n), buffer.scratch.first(buffer.n), bits_);
}

MappedFile EventRuns::spill_in(EventOrder order, Buffer& buffer, const std::string& path) const {
  sort(buffer, order);
  FileWriter file(path);
  file.write(std::as_bytes(buffer.events.first(buffer.n)));
  file.close();
  MappedFile mapped(path);
  std::filesystem::remove(path);
  return mapped;
}

void EventRuns::spill(Buffer& buffer) {
  size_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = n_spills_++;
  }
  const std::string path = fmt::format("{}/events-{}.run", folder_, number);
  MappedFile by_token = spill_in(EventOrder::by_token, buffer, path);
  Spilled spilled{std::move(by_token), spill_in(EventOrder::by_unit, buffer, path)};
  buffer.n = 0;
  const std::lock_guard lock(mutex_);
  spilled_.push_back(std::move(spilled));
}

uint64_t EventRuns::n_events() const {
  uint64_t n = 0;
  for (const Buffer& buffer : buffers_) n += buffer.n;
  for (const Spilled& spilled : spilled_) n += events_of(spilled.by_token).size();
  return n;
}

std::vector<EventRun> EventRuns::sorted(EventOrder order, ThreadPool& pool) {
  pool.parallel_for(buffers_.size(), [&](size_t i, size_t) { sort(buffers_[i], order); });
  std::vector<EventRun> runs;
  for (const Spilled& spilled : spilled_) {
    runs.push_back(events_of(order == EventOrder::by_token ? spilled.by_token : spilled.by_unit));
  }
  for (const Buffer& buffer : buffers_) runs.emplace_back(buffer.events.first(buffer.n));
  std::erase_if(runs, [](EventRun run) { return run.empty(); });
  return runs;
}

}  // namespace actogram
