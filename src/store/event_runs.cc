#include "store/event_runs.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "events-";
constexpr EventOrder kOrders[] = {EventOrder::by_token, EventOrder::by_unit};

EventRun events_of(const MappedFile& file) {
  return {reinterpret_cast<const Event*>(file.bytes().data()), file.bytes().size() / sizeof(Event)};
}

std::span<Event> room_for(size_t n, PageBuffer& memory) {
  memory.reserve(n * sizeof(Event));
  return {reinterpret_cast<Event*>(memory.data()), n};
}

}  // namespace

EventRuns::EventRuns(std::string folder, size_t n_threads, size_t memory_bytes, EventBits bits,
                     std::span<const StoredRun> saved)
    : folder_(std::move(folder)),
      bits_(bits),
      capacity_(std::max<size_t>(1, memory_bytes / (2 * n_threads * sizeof(Event)))),
      buffers_(n_threads) {
  for (Buffer& buffer : buffers_) {
    buffer.events = room_for(capacity_, buffer.events_memory);
    buffer.scratch = room_for(capacity_, buffer.scratch_memory);
  }
  std::set<std::string> wanted;
  for (const StoredRun& run : saved) {
    spilled_.push_back(open(run));
    spilled_.back().is_synced = true;
    next_run_ = std::max(next_run_, run.number + 1);
    for (const EventOrder order : kOrders) wanted.insert(path_of(run.number, order));
  }
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const bool is_run = entry.path().filename().string().starts_with(kPrefix);
    if (is_run && !wanted.contains(entry.path().string())) fs::remove(entry.path());
  }
}

std::string EventRuns::path_of(uint32_t run, EventOrder order) const {
  return fmt::format("{}/{}{}.{}", folder_, kPrefix, run,
                     order == EventOrder::by_token ? "token" : "unit");
}

void EventRuns::sort(Buffer& buffer, EventOrder order) const {
  sort_events(order, buffer.events.first(buffer.n), buffer.scratch.first(buffer.n), bits_);
}

void EventRuns::write(EventOrder order, Buffer& buffer, const std::string& path) const {
  sort(buffer, order);
  FileWriter file(path);
  file.write(std::as_bytes(buffer.events.first(buffer.n)));
  file.close();
}

EventRuns::Spilled EventRuns::open(const StoredRun& run) const {
  Spilled spilled{run, MappedFile(path_of(run.number, EventOrder::by_token)),
                  MappedFile(path_of(run.number, EventOrder::by_unit))};
  for (const MappedFile* file : {&spilled.by_token, &spilled.by_unit}) {
    if (file->bytes().size() == run.n_events * sizeof(Event)) continue;
    fail(Code::corrupt,
         "{}: run {} of events has {} bytes, expected {}; remove the folder and begin again",
         folder_, run.number, file->bytes().size(), run.n_events * sizeof(Event));
  }
  return spilled;
}

void EventRuns::spill(Buffer& buffer) {
  StoredRun run{0, buffer.n};
  {
    const std::lock_guard lock(mutex_);
    run.number = next_run_++;
  }
  for (const EventOrder order : kOrders) write(order, buffer, path_of(run.number, order));
  buffer.n = 0;
  Spilled spilled = open(run);
  const std::lock_guard lock(mutex_);
  spilled_.push_back(std::move(spilled));
}

std::vector<StoredRun> EventRuns::save() {
  for (Buffer& buffer : buffers_) {
    if (buffer.n > 0) spill(buffer);
  }
  std::vector<StoredRun> runs;
  for (Spilled& spilled : spilled_) {
    runs.push_back(spilled.run);
    if (spilled.is_synced) continue;
    for (const EventOrder order : kOrders) sync_file(path_of(spilled.run.number, order));
    spilled.is_synced = true;
  }
  sync_folder(folder_);
  return runs;
}

void EventRuns::remove_unsaved() {
  for (const Spilled& spilled : std::exchange(spilled_, {})) {
    if (spilled.is_synced) continue;
    for (const EventOrder order : kOrders) fs::remove(path_of(spilled.run.number, order));
  }
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
