// Takes the values around a peak the moment it is admitted; the model's buffers are gone after it.
#pragma once

#include <cstdint>
#include <span>

namespace actogram {

class WindowSink {
 public:
  virtual ~WindowSink() = default;

  // Copies `values` and returns the reference by which they are found again. Any thread.
  virtual uint64_t keep(std::span<const float> values) = 0;
};

}  // namespace actogram
