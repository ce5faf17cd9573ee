// WindowStore holds the values around peaks while a recording is made.
//
// Windows are many and large (2 GB for the neurons of a small model), and most that are admitted
// early are displaced later. So they live in a buffer in memory, where a window that is dropped
// makes room for the next; when the buffer is full of windows still wanted, they are written out,
// in the order in which the owner of the references visits them, as one segment file. It learns the
// new ones; the writing itself goes on in the background while a second buffer fills. For a
// checkpoint they are copied to such a file and stay where they are; that too goes on in the
// background, and until it is done no room of a dropped window is used again.
//
//   reference := segment:u14 length:u16 offset:u34   in groups of four floats; segment 0 is memory
//   segment   := (window, zeros to a multiple of four floats)* n_windows:u32
//
// Each thread keeps and drops through a sink of its own, which takes slots from the common pool a
// handful at a time. Slots come in sizes of sixteen floats, so that sequences shorter than a window
// cost what they need.
//
// Memory: a buffer, of the second one what is taken in while the first is written, and what is
// loaded. Disk: what was alive at each flush, of which compact_if_wasteful() drops the dead, and
// two copies of the buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/memory.h"
#include "base/threads.h"
#include "core/window_sink.h"

namespace actogram {

class WindowStore {
 public:
  static constexpr int kOffsetBits = 34, kLengthBits = 16;               // of a reference
  static constexpr size_t kMostValues = (size_t{1} << kLengthBits) - 1;  // of a window

  // Segments live in `folder`, named windows-N. Each of the two buffers has `buffer_bytes`.
  WindowStore(std::string folder, size_t buffer_bytes, size_t n_threads);
  ~WindowStore();

  // Memory that so many windows take in the buffer, their slots included.
  static size_t bytes_of(size_t n_windows, size_t n_values);
  // Asks for the first `bytes` of the buffer now, on all threads.
  void occupy(size_t bytes, ThreadPool& threads);

  // Takes up the segments of an earlier process.
  void open_segments(std::span<const uint32_t> segments);
  std::vector<uint32_t> segments() const;

  std::span<WindowSink* const> sinks() const { return sinks_; }  // [thread]

  static bool in_buffer(uint64_t reference) {
    return reference >> (kOffsetBits + kLengthBits) == 0;
  }

  // Calls its argument with every reference that is wanted, in the order to write them. What is
  // loaded together should be near each other there, and of that what is displaced sooner at the
  // end.
  using Visit = std::function<void(uint64_t& reference)>;
  using VisitAll = std::function<void(const Visit&)>;

  // Windows at hand: those in the buffer, and those of segments that were read for it.
  class Loaded {
   public:
    std::span<const float> window(uint64_t reference) const;

   private:
    friend class WindowStore;
    struct Part {
      size_t first = SIZE_MAX, end = 0;  // floats of the segment
      std::span<const float> floats = {};
      PageBuffer memory = {};
    };

    std::span<const float> buffer_;
    std::vector<Part> parts_;  // [segment]
  };
  // References that are near each other in the order of writing cost one read for each segment.
  // Valid until the next flush or compaction; wait_for_writing() comes first. Several threads may
  // load at once.
  void load(const VisitAll& for_each, Loaded& into) const;
  void wait_for_writing();

  // What a batch may keep at most: `n_windows` of `n_values` each, for each of its sequences.
  struct Need {
    size_t n_windows;
    size_t n_values;
  };
  // Ends a copy() that is done.
  bool has_room(std::span<const Need> needs);
  // Flushes if that might not fit. For it and flush() references in the buffer will do.
  void make_room(std::span<const Need> needs, const VisitAll& for_each);
  // Empties the buffer into a new segment. What goes wrong with writing it is thrown by whatever
  // is called next.
  void flush(const VisitAll& for_each);

  // Rewrites what is wanted of the segments into one if more than two thirds of their windows are
  // dead. For it references in segments will do. The old files stay until the next copy() is done:
  // a checkpoint may still name them.
  void compact_if_wasteful(const VisitAll& for_each);

  // Says where windows will lie in a segment that is still to be written, and remembers where they
  // lie now.
  class Plan {
   public:
    explicit Plan(uint32_t segment) : segment_(segment) {}

    uint32_t segment() const { return segment_; }
    void move(uint64_t& reference);

   private:
    friend class WindowStore;
    uint32_t segment_;
    size_t n_groups_ = 0;
    std::vector<uint64_t> old_;
  };
  // For a process that comes later: it has segments() and that of a plan, to which references in
  // the buffer were moved, in a copy of them.
  Plan plan_copy();
  // In the background: writes the plan's segment, makes all segments safe from a power cut, calls
  // `commit` and removes the files that are then of no use. What goes wrong is thrown by whatever
  // is called next.
  void copy(Plan plan, std::function<void()> commit);
  void remove_unlisted() const;  // files that are none of segments()

 private:
  class Sink;
  struct Segment {
    PartReader file;
    uint64_t n_windows;
  };

  const Segment& segment(uint32_t number) const;
  uint32_t free_segment() const;
  void open_segment(uint32_t segment);
  void load(const VisitAll& for_each, const HugeBuffer& buffer, Loaded& into) const;
  void write_segment(const Plan& plan, const HugeBuffer& buffer) const;
  void empty_buffer();

  // The pool of slots. A slot of class c has c * 16 floats; it is known by its offset in groups.
  void take_slots(size_t slot_class, std::vector<uint64_t>& into);
  void give_slots(size_t slot_class, std::vector<uint64_t>& from);

  std::string folder_;
  HugeBuffer buffer_;
  HugeBuffer other_buffer_;                  // empty, or being written
  std::mutex mutex_;                         // guards the next two
  size_t n_used_ = 0;                        // floats
  std::vector<std::vector<uint64_t>> free_;  // [slot class]
  std::vector<std::unique_ptr<Sink>> own_sinks_;
  std::vector<WindowSink*> sinks_;  // [thread]
  std::map<uint32_t, Segment> segments_;
  std::vector<uint32_t> not_synced_;
  bool is_copying_ = false;  // else what is written is segment_in_writing_
  uint32_t segment_in_writing_ = 0;
  std::future<void> writing_;  // last: it is waited for before anything it uses goes
};

}  // namespace actogram
