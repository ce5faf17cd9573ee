// WindowStore holds the values around peaks while a recording is made.
//
// Windows are many and large (1.5 GB for the neurons of a small model), and most that are admitted
// early are displaced later. So they collect in a buffer in memory, and when it is full those still
// wanted are written out, in the order of units, as one segment file; the buffer starts again. The
// owner of the references visits them all and learns the new ones.
//
//   reference := segment:u24 offset:u40    offset counts floats; segment 0 is the buffer
//   segment   := window* n_windows:u32
//   window    := n_values:u32 value:f32[n_values]
//
// Memory: the buffer; what is read of segments is let go at once. Disk: what was alive at each
// flush; compact_if_wasteful() drops the dead.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "core/window_sink.h"

namespace actogram {

class WindowStore : public WindowSink {
 public:
  // Segments live in `folder`, named windows-N.
  WindowStore(std::string folder, size_t buffer_bytes);

  // Takes up the segments of an earlier process.
  void open_segments(std::span<const uint32_t> segments);
  std::vector<uint32_t> segments() const;

  uint64_t keep(std::span<const float> values) override;
  std::span<const float> window(uint64_t reference) const;

  // Room for `n_floats` more, window headers included? If not, flush() before going on.
  bool has_room(size_t n_floats) const;

  // Calls its argument with every reference that is wanted, in the order to write them.
  using Visit = std::function<void(uint64_t& reference)>;
  using VisitAll = std::function<void(const Visit&)>;
  void flush(const VisitAll& for_each);  // empties the buffer into a new segment
  void sync();                           // segments are safe from a power cut after it

  // Rewrites everything wanted into one segment if more than two thirds of the windows on the disk
  // are dead. The old files stay until remove_unlisted(): a checkpoint may still name them.
  void compact_if_wasteful(const VisitAll& for_each);
  void remove_unlisted() const;

  void release_pages() const;  // lets the system forget what was read of the segments

 private:
  std::string segment_path(uint32_t segment) const;
  void open_segment(uint32_t segment);
  std::span<const float> stored(uint64_t reference) const;  // header and values
  void write_segment(const VisitAll& for_each, bool from_everywhere);

  std::string folder_;
  std::vector<float> buffer_;
  std::atomic<size_t> n_used_ = 0;
  struct Segment {
    MappedFile file;
    uint64_t n_windows;
  };
  std::map<uint32_t, Segment> segments_;
  uint32_t next_segment_ = 1;
  std::vector<uint32_t> not_synced_;
};

}  // namespace actogram
