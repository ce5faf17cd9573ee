#include "base/memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "actogram/error.h"

namespace actogram {

namespace {

void* pages(size_t bytes, int flags) {
  void* data =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (data == MAP_FAILED) {
    fail(Code::environment, "cannot allocate {} bytes of memory: {}", bytes, std::strerror(errno));
  }
  return data;
}

}  // namespace

HugeBuffer::HugeBuffer(size_t bytes) : size_(bytes / sizeof(float)) {
  if (size_ == 0) return;
  data_ = static_cast<float*>(pages(size_ * sizeof(float), MAP_NORESERVE));
}

HugeBuffer::~HugeBuffer() {
  if (data_ != nullptr) ::munmap(data_, size_ * sizeof(float));
}

HugeBuffer::HugeBuffer(HugeBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

HugeBuffer& HugeBuffer::operator=(HugeBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

PageBuffer::~PageBuffer() {
  if (data_ != nullptr) ::munmap(data_, capacity_);
}

PageBuffer::PageBuffer(PageBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}

PageBuffer& PageBuffer::operator=(PageBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

// Not from the heap: a megabyte that comes and goes there leaves a hole, and once freed it raises
// the size from which the heap leaves memory to the system.
void PageBuffer::reserve(size_t bytes) {
  if (bytes <= capacity_) return;
  const size_t whole_pages = (bytes + kPage - 1) / kPage * kPage;
  *this = PageBuffer();
  data_ = static_cast<std::byte*>(pages(whole_pages, 0));
  capacity_ = whole_pages;
}

}  // namespace actogram
