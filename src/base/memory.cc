#include "base/memory.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
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

// The least of the numbers in files of this name, in `folder` of `root` and in what encloses it.
// Where processes see but a part of the tree, their folder may not be there; `root` is.
uint64_t least_limit(const std::string& root, std::string folder, const char* name) {
  uint64_t least = UINT64_MAX;
  for (;; folder = std::filesystem::path(folder).parent_path()) {
    std::ifstream file(root + (folder == "/" ? "" : folder) + "/" + name);
    uint64_t limit = 0;
    if (file >> limit) least = std::min(least, limit);  // not a number: none is set
    if (folder.size() <= 1) return least;
  }
}

}  // namespace

uint64_t memory_limit(const std::string& own_groups, const std::string& groups) {
  const auto n_pages = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES));
  uint64_t least = n_pages * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
  rlimit of_process = {};
  if (::getrlimit(RLIMIT_AS, &of_process) == 0 && of_process.rlim_cur != RLIM_INFINITY) {
    least = std::min<uint64_t>(least, of_process.rlim_cur);
  }
  std::ifstream own(own_groups);
  for (std::string line; std::getline(own, line);) {  // number:controllers:/folder
    const size_t controllers = line.find(':') + 1, folder = line.find('/');
    if (folder == std::string::npos) continue;
    if (line.substr(controllers, 1) == ":") {
      least = std::min(least, least_limit(groups, line.substr(folder), "memory.max"));
    } else if (line.substr(controllers, folder - controllers) == "memory:") {
      least = std::min(
          least, least_limit(groups + "/memory", line.substr(folder), "memory.limit_in_bytes"));
    }
  }
  return least;
}

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

void HugeBuffer::occupy(size_t first, size_t n) {
  const size_t end = first + std::min(n, size_ - std::min(first, size_));
  // Many pages in one call, where the kernel can (Linux 5.14) and `first` is at a page: a third
  // cheaper than one by one.
  if (::madvise(data_ + first, (end - first) * sizeof(float), MADV_POPULATE_WRITE) == 0) return;
  volatile float* floats = data_;
  for (size_t i = first; i < end; i += PageBuffer::kPage / sizeof(float)) floats[i] = 0;
}

void HugeBuffer::release_behind(size_t bytes) {
  const size_t first = (bytes + PageBuffer::kPage - 1) / PageBuffer::kPage * PageBuffer::kPage;
  const size_t size = size_ * sizeof(float);
  if (first >= size) return;
  ::madvise(reinterpret_cast<std::byte*>(data_) + first, size - first, MADV_DONTNEED);
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
