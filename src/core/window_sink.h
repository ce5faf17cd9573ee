// Takes the values around a peak the moment it is admitted; the model's buffers are gone after it.
// One thread uses a sink at a time; each thread has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace actogram {

class WindowSink {
 public:
  virtual ~WindowSink() = default;

  // Room for a window of `n` values, which the caller fills at once, and the reference by which
  // they are found again.
  struct Room {
    uint64_t reference;
    std::span<float> values;
  };
  virtual Room keep(size_t n) = 0;

  // Nobody will ask for this window again.
  virtual void drop(uint64_t reference) = 0;
};

}  // namespace actogram
