#include "base/memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "actogram/error.h"

namespace actogram {

HugeBuffer::HugeBuffer(size_t bytes) : size_(bytes / sizeof(float)) {
  if (size_ == 0) return;
  void* data = ::mmap(nullptr, size_ * sizeof(float), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    fail(Code::environment, "cannot reserve {} bytes of memory: {}", bytes, std::strerror(errno));
  }
  data_ = static_cast<float*>(data);
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

void PageBuffer::Free::operator()(std::byte* data) const { std::free(data); }

void PageBuffer::reserve(size_t bytes) {
  if (bytes <= capacity_) return;
  const size_t whole_pages = (bytes + kPage - 1) / kPage * kPage;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(kPage, whole_pages)));
  capacity_ = data_ ? whole_pages : 0;
  if (!data_) fail(Code::environment, "cannot allocate {} bytes of memory", bytes);
}

}  // namespace actogram
