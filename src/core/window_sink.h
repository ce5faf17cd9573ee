// Takes the values around a peak the moment it is admitted; the model's buffers are gone after it.
// One thread uses a sink at a time; each thread has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace actogram {

// How much of its life a kept window has behind it, as far as can be told: 0, it will be wanted for
// long, to kMostWear, the next few sequences may displace it. For those who choose where it lies.
inline constexpr uint32_t kMostWear = 7;

// Of one that is displaced when `n` of `most`, which is not 0, is full.
inline uint32_t wear_of(uint32_t n, uint32_t most) { return n * kMostWear / most; }

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
