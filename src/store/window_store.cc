#include "store/window_store.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <filesystem>

namespace actogram {
namespace {

constexpr int kOffsetBits = 40;

uint64_t make_reference(uint32_t segment, size_t offset) {
  return (uint64_t{segment} << kOffsetBits) | offset;
}
uint32_t segment_of(uint64_t reference) { return static_cast<uint32_t>(reference >> kOffsetBits); }
size_t offset_of(uint64_t reference) { return reference & ((uint64_t{1} << kOffsetBits) - 1); }

std::span<const float> floats(const MappedFile& file) {
  const auto bytes = file.bytes();
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

}  // namespace

WindowStore::WindowStore(std::string folder, size_t buffer_bytes)
    : folder_(std::move(folder)), buffer_(buffer_bytes / sizeof(float)) {}

std::string WindowStore::segment_path(uint32_t segment) const {
  return fmt::format("{}/windows-{}", folder_, segment);
}

void WindowStore::open_segments(std::span<const uint32_t> segments) {
  for (const uint32_t segment : segments) {
    open_segment(segment);
    next_segment_ = std::max(next_segment_, segment + 1);
  }
}

void WindowStore::open_segment(uint32_t segment) {
  MappedFile file(segment_path(segment));
  const auto all = floats(file);
  if (all.empty()) fail(Code::corrupt, "{}: empty", segment_path(segment));
  const uint64_t n_windows = std::bit_cast<uint32_t>(all.back());
  segments_.emplace(segment, Segment{std::move(file), n_windows});
}

std::vector<uint32_t> WindowStore::segments() const {
  std::vector<uint32_t> list;
  for (const auto& [number, segment] : segments_) list.push_back(number);
  return list;
}

uint64_t WindowStore::keep(std::span<const float> values) {
  const size_t offset = n_used_.fetch_add(values.size() + 1, std::memory_order_relaxed);
  assert(offset + values.size() + 1 <= buffer_.size());  // has_room() was asked
  buffer_[offset] = std::bit_cast<float>(static_cast<uint32_t>(values.size()));
  std::ranges::copy(values, buffer_.begin() + static_cast<ptrdiff_t>(offset) + 1);
  return make_reference(0, offset);
}

bool WindowStore::has_room(size_t n_floats) const { return n_used_ + n_floats <= buffer_.size(); }

std::span<const float> WindowStore::stored(uint64_t reference) const {
  const uint32_t segment = segment_of(reference);
  const size_t offset = offset_of(reference);
  std::span<const float> all(buffer_.data(), n_used_);
  if (segment != 0) {
    const auto found = segments_.find(segment);
    if (found == segments_.end()) fail(Code::corrupt, "{}: missing", segment_path(segment));
    all = floats(found->second.file);
  }
  if (offset >= all.size()) fail(Code::corrupt, "{}: too short", segment_path(segment));
  const auto n = std::bit_cast<uint32_t>(all[offset]);
  if (n > all.size() - offset - 1) fail(Code::corrupt, "{}: too short", segment_path(segment));
  return all.subspan(offset, n + 1);
}

std::span<const float> WindowStore::window(uint64_t reference) const {
  return stored(reference).subspan(1);
}

void WindowStore::flush(const VisitAll& for_each) {
  if (n_used_ > 0) write_segment(for_each, false);
}

void WindowStore::compact_if_wasteful(const VisitAll& for_each) {
  uint64_t on_disk = 0, alive = 0;
  for (const auto& [number, segment] : segments_) on_disk += segment.n_windows;
  for_each([&](uint64_t&) { ++alive; });
  if (segments_.size() < 2 || on_disk < 3 * alive) return;
  write_segment(for_each, true);
  segments_.erase(segments_.begin(), std::prev(segments_.end()));
}

void WindowStore::write_segment(const VisitAll& for_each, bool from_everywhere) {
  constexpr uint64_t kReleaseEvery = 1 << 16;  // windows: some 16 MB
  const uint32_t number = next_segment_++;
  FileWriter writer(segment_path(number));
  uint32_t n_windows = 0;
  for_each([&](uint64_t& reference) {
    if (segment_of(reference) != 0 && !from_everywhere) return;
    const auto window = stored(reference);
    reference = make_reference(number, writer.n_bytes() / sizeof(float));
    writer.write(std::as_bytes(window));
    if (++n_windows % kReleaseEvery == 0 && from_everywhere) release_pages();
  });
  writer.write(std::as_bytes(std::span(&n_windows, 1)));
  writer.close();
  open_segment(number);
  not_synced_.push_back(number);
  n_used_ = 0;
}

void WindowStore::sync() {
  for (const uint32_t segment : not_synced_) {
    if (segments_.contains(segment)) sync_file(segment_path(segment));
  }
  not_synced_.clear();
}

void WindowStore::remove_unlisted() const {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("windows-")) continue;
    bool listed = false;
    for (const auto& [number, segment] : segments_) {
      listed |= entry.path() == segment_path(number);
    }
    if (!listed) std::filesystem::remove(entry.path());
  }
}

void WindowStore::release_pages() const {
  for (const auto& [number, segment] : segments_) segment.file.release_pages();
}

}  // namespace actogram
