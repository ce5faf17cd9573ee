// Memory straight from the system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace actogram {

// Bytes that this process may come to use: what the machine has, or less where its own limit or one
// of its control groups' says so. `own_groups` and `groups` are where Linux tells of these.
uint64_t memory_limit(const std::string& own_groups = "/proc/self/cgroup",
                      const std::string& groups = "/sys/fs/cgroup");

// A large, zeroed array of floats whose pages come when they are first touched: it costs nothing
// until it is used.
class HugeBuffer {
 public:
  // Error{environment} if there is no room in the address space.
  explicit HugeBuffer(size_t bytes);
  ~HugeBuffer();
  HugeBuffer(HugeBuffer&&) noexcept;
  HugeBuffer& operator=(HugeBuffer&&) noexcept;

  std::span<float> floats() { return {data_, size_}; }
  std::span<const float> floats() const { return {data_, size_}; }

  // Touches floats [first, first + n), so that they cost nothing later; n may reach too far.
  void occupy(size_t first, size_t n);
  // Gives what lies behind the first `bytes` back to the system. It is zeros then.
  void release_behind(size_t bytes);

 private:
  float* data_ = nullptr;
  size_t size_ = 0;
};

// Bytes that begin at a page, as reading and writing past the page cache want them.
class PageBuffer {
 public:
  static constexpr size_t kPage = 4096;

  PageBuffer() = default;
  explicit PageBuffer(size_t bytes) { reserve(bytes); }
  ~PageBuffer();
  PageBuffer(PageBuffer&&) noexcept;
  PageBuffer& operator=(PageBuffer&&) noexcept;

  // What was there may be lost. Error{environment} if there is no memory.
  void reserve(size_t bytes);
  std::byte* data() const { return data_; }
  size_t capacity() const { return capacity_; }

 private:
  std::byte* data_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace actogram
