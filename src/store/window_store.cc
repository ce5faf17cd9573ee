#include "store/window_store.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/prefetch.h"

namespace actogram {
namespace {

constexpr uint32_t kMostSegments = (1 << 14) - 1;
constexpr size_t kGroup = 4;           // floats; what offsets count in
constexpr size_t kSlot = 16;           // floats; what slots are made of
constexpr size_t kHandful = 1 << 12;   // floats that a sink takes from the pool at a time
constexpr size_t kOccupied = 1 << 22;  // floats that a thread asks the system for at a time
// What a buffer keeps of its memory when it was written: asking for it again costs more than the
// disk does.
constexpr size_t kKeptBytes = size_t{128} << 20;

constexpr int kOffsetBits = WindowStore::kOffsetBits;
constexpr int kLengthBits = WindowStore::kLengthBits;

uint64_t make_reference(uint32_t segment, size_t length, size_t group) {
  return (uint64_t{segment} << (kOffsetBits + kLengthBits)) | (uint64_t{length} << kOffsetBits) |
         group;
}
uint32_t segment_of(uint64_t reference) {
  return static_cast<uint32_t>(reference >> (kOffsetBits + kLengthBits));
}
size_t length_of(uint64_t reference) {
  return (reference >> kOffsetBits) & ((uint64_t{1} << kLengthBits) - 1);
}
size_t group_of(uint64_t reference) { return reference & ((uint64_t{1} << kOffsetBits) - 1); }

size_t groups_of(size_t n_values) { return (n_values + kGroup - 1) / kGroup; }
size_t class_of(size_t n_values) { return (n_values + kSlot - 1) / kSlot; }
size_t slots_at_once(size_t slot_class) {
  return std::max<size_t>(1, kHandful / (slot_class * kSlot));
}

std::string segment_path(const std::string& folder, uint32_t segment) {
  return fmt::format("{}/windows-{}", folder, segment);
}

void remove_all_but(const std::string& folder, std::span<const uint32_t> segments) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("windows-")) continue;
    const auto is_it = [&](uint32_t segment) {
      return entry.path() == segment_path(folder, segment);
    };
    if (std::ranges::none_of(segments, is_it)) std::filesystem::remove(entry.path());
  }
}

}  // namespace

// Takes and gives back slots without a lock, but for one handful in a while.
class WindowStore::Sink : public WindowSink {
 public:
  explicit Sink(WindowStore& store) : store_(store) {}

  Room keep(size_t n) override {
    assert(n <= kMostValues);
    const size_t slot_class = class_of(n);
    if (slot_class == 0) return {make_reference(0, 0, 0), {}};
    std::vector<uint64_t>& slots = slots_of(slot_class);
    if (slots.empty()) store_.take_slots(slot_class, slots);
    const uint64_t group = slots.back();
    slots.pop_back();
    const std::span<float> buffer = store_.buffer_.floats();
    // The next slot is anywhere in the buffer, and whoever gets it will fill it at once.
    if (!slots.empty()) {
      prefetch_to_write(buffer.subspan(slots.back() * kGroup, slot_class * kSlot));
    }
    return {make_reference(0, n, group), buffer.subspan(group * kGroup, n)};
  }

  void drop(uint64_t reference) override {
    const size_t slot_class = class_of(length_of(reference));
    if (segment_of(reference) != 0 || slot_class == 0) return;
    if (store_.is_copying_) {  // it may still have to be written
      dropped_.push_back(reference);
      return;
    }
    std::vector<uint64_t>& slots = slots_of(slot_class);
    slots.push_back(group_of(reference));
    if (slots.size() > 2 * slots_at_once(slot_class)) store_.give_slots(slot_class, slots);
  }

  void forget() { slots_.clear(); }

  // Those that were dropped while the buffer was copied.
  void drop_again() {
    for (const uint64_t reference : std::exchange(dropped_, {})) drop(reference);
  }

 private:
  std::vector<uint64_t>& slots_of(size_t slot_class) {
    if (slot_class >= slots_.size()) slots_.resize(slot_class + 1);
    return slots_[slot_class];
  }

  WindowStore& store_;
  std::vector<std::vector<uint64_t>> slots_;  // [slot class]
  std::vector<uint64_t> dropped_;
};

WindowStore::WindowStore(std::string folder, size_t buffer_bytes, size_t n_threads)
    : folder_(std::move(folder)), buffer_(buffer_bytes), other_buffer_(0) {
  for (size_t thread = 0; thread < n_threads; ++thread) {
    own_sinks_.push_back(std::make_unique<Sink>(*this));
    sinks_.push_back(own_sinks_.back().get());
  }
}

WindowStore::~WindowStore() = default;

size_t WindowStore::bytes_of(size_t n_windows, size_t n_values) {
  return n_windows * class_of(n_values) * kSlot * sizeof(float);
}

void WindowStore::occupy(size_t bytes, ThreadPool& threads) {
  const size_t n = std::min(bytes / sizeof(float), buffer_.floats().size());
  threads.parallel_for((n + kOccupied - 1) / kOccupied,
                       [&](size_t item, size_t) { buffer_.occupy(item * kOccupied, kOccupied); });
}

void WindowStore::take_slots(size_t slot_class, std::vector<uint64_t>& into) {
  const std::lock_guard lock(mutex_);
  if (slot_class >= free_.size()) free_.resize(slot_class + 1);
  std::vector<uint64_t>& free = free_[slot_class];
  const size_t n_free = std::min(free.size(), slots_at_once(slot_class));
  into.insert(into.end(), free.end() - static_cast<ptrdiff_t>(n_free), free.end());
  free.resize(free.size() - n_free);
  if (n_free > 0) return;
  for (size_t i = slots_at_once(slot_class); i > 0; --i) {
    into.push_back((n_used_ + (i - 1) * slot_class * kSlot) / kGroup);
  }
  n_used_ += slots_at_once(slot_class) * slot_class * kSlot;
  assert(n_used_ <= buffer_.floats().size());  // make_room() was called
}

void WindowStore::give_slots(size_t slot_class, std::vector<uint64_t>& from) {
  const std::lock_guard lock(mutex_);
  if (slot_class >= free_.size()) free_.resize(slot_class + 1);
  std::vector<uint64_t>& free = free_[slot_class];
  const auto keep = from.begin() + static_cast<ptrdiff_t>(slots_at_once(slot_class));
  free.insert(free.end(), keep, from.end());
  from.erase(keep, from.end());
}

namespace {

// Floats that the windows of a batch may take: a slot each, and for every size of slot what the
// sinks may have taken and not used.
size_t most_floats(std::span<const WindowStore::Need> needs, std::span<const size_t> n_free,
                   size_t n_sinks) {
  std::map<size_t, size_t> n_slots;
  for (const auto& need : needs) n_slots[class_of(need.n_values)] += need.n_windows;
  size_t floats = 0;
  for (const auto& [slot_class, n] : n_slots) {
    const size_t most = n + n_sinks * 2 * slots_at_once(slot_class);
    const size_t free = slot_class < n_free.size() ? n_free[slot_class] : 0;
    floats += (most - std::min(most, free)) * slot_class * kSlot;
  }
  return floats;
}

}  // namespace

bool WindowStore::has_room(std::span<const Need> needs) {
  const auto is_done = [&] {
    return writing_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  if (is_copying_ && writing_.valid() && is_done()) wait_for_writing();
  std::vector<size_t> n_free;
  for (const auto& free : free_) n_free.push_back(free.size());
  return n_used_ + most_floats(needs, n_free, sinks_.size()) <= buffer_.floats().size();
}

void WindowStore::make_room(std::span<const Need> needs, const VisitAll& for_each) {
  if (has_room(needs)) return;
  if (is_copying_) {
    wait_for_writing();
    if (has_room(needs)) return;
  }
  flush(for_each);
  const size_t bytes = most_floats(needs, {}, sinks_.size()) * sizeof(float);
  if (bytes > buffer_.floats().size_bytes()) buffer_ = HugeBuffer(bytes);
}

void WindowStore::Plan::move(uint64_t& reference) {
  old_.push_back(reference);
  const size_t length = length_of(reference);
  reference = make_reference(segment_, length, n_groups_);
  n_groups_ += groups_of(length);
}

void WindowStore::open_segments(std::span<const uint32_t> segments) {
  for (const uint32_t segment : segments) open_segment(segment);
}

void WindowStore::open_segment(uint32_t segment) {
  PartReader file(segment_path(folder_, segment));
  uint32_t n_windows = 0;
  if (file.size() < sizeof(n_windows))
    fail(Code::corrupt, "{}: empty", segment_path(folder_, segment));
  PageBuffer buffer;
  const auto last = file.read(file.size() - sizeof(n_windows), file.size(), buffer);
  std::memcpy(&n_windows, last.data(), sizeof(n_windows));
  segments_.emplace(segment, Segment{std::move(file), n_windows});
}

const WindowStore::Segment& WindowStore::segment(uint32_t number) const {
  const auto found = segments_.find(number);
  if (found == segments_.end()) fail(Code::corrupt, "{}: missing", segment_path(folder_, number));
  return found->second;
}

std::vector<uint32_t> WindowStore::segments() const {
  std::vector<uint32_t> list;
  for (const auto& [number, segment] : segments_) list.push_back(number);
  return list;
}

// A number whose file is not there: a checkpoint may name files that this process no longer uses.
uint32_t WindowStore::free_segment() const {
  for (uint32_t segment = 1; segment <= kMostSegments; ++segment) {
    if (!segments_.contains(segment) && !std::filesystem::exists(segment_path(folder_, segment))) {
      return segment;
    }
  }
  fail(Code::unsupported, "{}: more than {} files of windows", folder_, kMostSegments);
}

std::span<const float> WindowStore::Loaded::window(uint64_t reference) const {
  const size_t offset = group_of(reference) * kGroup, length = length_of(reference);
  if (length == 0) return {};
  if (segment_of(reference) == 0) return buffer_.subspan(offset, length);
  const Part& part = parts_[segment_of(reference)];
  assert(part.first <= offset && offset + length <= part.end);  // it was loaded
  return part.floats.subspan(offset - part.first, length);
}

void WindowStore::load(const VisitAll& for_each, Loaded& into) const {
  load(for_each, buffer_, into);
}

void WindowStore::load(const VisitAll& for_each, const HugeBuffer& buffer, Loaded& into) const {
  into.buffer_ = buffer.floats();
  for (Loaded::Part& part : into.parts_) part.first = SIZE_MAX, part.end = 0;
  for_each([&](uint64_t& reference) {
    const uint32_t segment = segment_of(reference);
    if (segment == 0) return;
    if (segment >= into.parts_.size()) into.parts_.resize(segment + 1);
    Loaded::Part& part = into.parts_[segment];
    const size_t offset = group_of(reference) * kGroup;
    part.first = std::min(part.first, offset);
    part.end = std::max(part.end, offset + length_of(reference));
  });
  for (uint32_t number = 0; number < into.parts_.size(); ++number) {
    Loaded::Part& part = into.parts_[number];
    if (part.first >= part.end) continue;
    const auto bytes = segment(number).file.read(part.first * sizeof(float),
                                                 part.end * sizeof(float), part.memory);
    part.floats = {reinterpret_cast<const float*>(bytes.data()), part.end - part.first};
  }
}

void WindowStore::flush(const VisitAll& for_each) {
  wait_for_writing();
  if (n_used_ == 0) return;
  segment_in_writing_ = free_segment();
  Plan plan(segment_in_writing_);
  for_each([&](uint64_t& reference) {
    if (segment_of(reference) == 0) plan.move(reference);
  });
  std::swap(buffer_, other_buffer_);
  if (buffer_.floats().size() < other_buffer_.floats().size()) {
    buffer_ = HugeBuffer(other_buffer_.floats().size_bytes());
  }
  empty_buffer();
  writing_ = std::async(std::launch::async, [this, plan = std::move(plan)] {
    write_segment(plan, other_buffer_);
    other_buffer_.release_behind(kKeptBytes);
  });
}

void WindowStore::wait_for_writing() {
  if (!writing_.valid()) return;
  writing_.get();
  if (std::exchange(is_copying_, false)) {
    for (const auto& sink : own_sinks_) sink->drop_again();
    return;
  }
  open_segment(segment_in_writing_);
  not_synced_.push_back(segment_in_writing_);
}

void WindowStore::empty_buffer() {
  n_used_ = 0;
  for (auto& slots : free_) slots.clear();
  for (const auto& sink : own_sinks_) sink->forget();
}

void WindowStore::compact_if_wasteful(const VisitAll& for_each) {
  wait_for_writing();
  if (segments_.size() < 2) return;
  uint64_t on_disk = 0, alive = 0;
  for (const auto& [number, segment] : segments_) on_disk += segment.n_windows;
  for_each([&](uint64_t& reference) { alive += in_buffer(reference) ? 0 : 1; });
  if (on_disk < 3 * alive) return;
  Plan plan(free_segment());
  for_each([&](uint64_t& reference) {
    if (!in_buffer(reference)) plan.move(reference);
  });
  write_segment(plan, buffer_);
  segments_.clear();
  open_segment(plan.segment());
  not_synced_ = {plan.segment()};
}

void WindowStore::write_segment(const Plan& plan, const HugeBuffer& buffer) const {
  constexpr size_t kFloatsAtOnce = 1 << 22;  // 16 MB
  constexpr size_t kAhead = 8;               // windows lie where there was room
  constexpr float kZeros[kGroup] = {};
  const std::span<const uint64_t> references = plan.old_;
  FileWriter writer(segment_path(folder_, plan.segment()), FileWriter::Checksummed::no);
  Loaded loaded;
  for (size_t first = 0, end = 0; first < references.size(); first = end) {
    for (size_t floats = 0; end < references.size() && floats < kFloatsAtOnce; ++end) {
      floats += length_of(references[end]);
    }
    const auto some = references.subspan(first, end - first);
    load(
        [&](const Visit& visit) {
          for (uint64_t reference : some) visit(reference);
        },
        buffer, loaded);
    for (size_t i = 0; i < some.size(); ++i) {
      if (i + kAhead < some.size()) prefetch_to_read(loaded.window(some[i + kAhead]));
      const auto values = loaded.window(some[i]);
      writer.write(std::as_bytes(values));
      writer.write(
          std::as_bytes(std::span(kZeros, groups_of(values.size()) * kGroup - values.size())));
    }
  }
  const auto n_windows = static_cast<uint32_t>(references.size());
  writer.write(std::as_bytes(std::span(&n_windows, 1)));
  writer.close();
}

WindowStore::Plan WindowStore::plan_copy() {
  wait_for_writing();
  return Plan(free_segment());
}

void WindowStore::copy(Plan plan, std::function<void()> commit) {
  wait_for_writing();
  std::vector<uint32_t> named = segments();
  named.push_back(plan.segment());
  not_synced_.push_back(plan.segment());
  is_copying_ = true;
  writing_ = std::async(std::launch::async,
                        [this, plan = std::move(plan), named = std::move(named),
                         commit = std::move(commit), to_sync = std::exchange(not_synced_, {})] {
                          write_segment(plan, buffer_);
                          for (const uint32_t segment : to_sync)
                            sync_file(segment_path(folder_, segment));
                          commit();
                          remove_all_but(folder_, named);
                        });
}

void WindowStore::remove_unlisted() const { remove_all_but(folder_, segments()); }

}  // namespace actogram
