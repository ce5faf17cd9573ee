#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace actogram {
namespace {

constexpr size_t kWriteBufferBytes = size_t{1} << 20;
constexpr size_t kBuffersBehind = 4;

[[noreturn]] void fail_errno(const std::string& path, const char* doing, int error) {
  const Code code = error == ENOENT ? Code::not_found : Code::environment;
  const char* hint = error == ENOSPC || error == EDQUOT ? "; free some space and run it again" : "";
  fail(code, "{}: cannot {}: {}{}", path, doing, std::strerror(error), hint);
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail_errno(path, "open", errno);
  struct stat info = {};
  if (::fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    const int error = S_ISDIR(info.st_mode) ? EISDIR : errno;
    ::close(fd);
    fail_errno(path, "read", error);
  }
  size_ = static_cast<size_t>(info.st_size);
  void* data = size_ == 0 ? nullptr : ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
  const int error = errno;
  ::close(fd);
  if (data == MAP_FAILED) fail_errno(path, "map", error);
  data_ = static_cast<const std::byte*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

std::string read_file(const std::string& path) { return std::string(MappedFile(path).text()); }

size_t read_file(const std::string& path, size_t n_behind, size_t most, std::vector<char>& into) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail_errno(path, "open", errno);
  struct stat info = {};
  const int error = ::fstat(fd, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
  const size_t size = error == 0 ? static_cast<size_t>(info.st_size) : 0;
  if (error != 0 || size > most) {
    ::close(fd);
    if (error != 0) fail_errno(path, "read", error);
    fail(Code::unsupported, "{}: {} bytes; expected at most {}", path, size, most);
  }
  if (into.size() < size + n_behind) into.resize(size + n_behind);
  size_t n = 0;
  ssize_t got = 1;
  while (n < size && got != 0) {
    got = ::read(fd, into.data() + n, size - n);
    if (got < 0 && errno != EINTR) break;
    if (got > 0) n += static_cast<size_t>(got);
  }
  const int read_error = errno;
  ::close(fd);
  if (got < 0) fail_errno(path, "read", read_error);
  std::memset(into.data() + n, 0, n_behind);
  return n;
}

PartReader::PartReader(const std::string& path) : path_(path) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (fd_ < 0 && errno == EINVAL) fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) fail_errno(path, "open", errno);
  struct stat info = {};
  if (::fstat(fd_, &info) != 0) {
    const int error = errno;
    ::close(fd_);
    fail_errno(path, "read", error);
  }
  size_ = static_cast<uint64_t>(info.st_size);
}

PartReader::~PartReader() {
  if (fd_ >= 0) ::close(fd_);
}

PartReader::PartReader(PartReader&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

std::span<const std::byte> PartReader::read(uint64_t begin, uint64_t end,
                                            PageBuffer& buffer) const {
  if (begin > end || end > size_) {
    fail(Code::corrupt, "{}: has {} bytes, and the bytes {} to {} are wanted", path_, size_, begin,
         end);
  }
  const uint64_t first = begin / PageBuffer::kPage * PageBuffer::kPage;
  buffer.reserve(end - first);
  const size_t room =
      std::min<uint64_t>(buffer.capacity(), (end - first + PageBuffer::kPage - 1) /
                                                PageBuffer::kPage * PageBuffer::kPage);
  for (size_t n = 0; first + n < end;) {
    const ssize_t got = ::pread(fd_, buffer.data() + n, room - n, static_cast<off_t>(first + n));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno(path_, "read", errno);
    if (got == 0) fail(Code::corrupt, "{}: became shorter while it was read", path_);
    n += static_cast<size_t>(got);
  }
  return {buffer.data() + (begin - first), end - begin};
}

namespace {

// Only a wish: a file system that cannot do it goes on as before. True if it was granted.
bool set_direct(int fd, bool direct) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return false;
  const int wanted = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
  return wanted == flags || ::fcntl(fd, F_SETFL, wanted) == 0;
}

void write_all(int fd, const std::string& path, const std::byte* data, size_t n) {
  while (n > 0) {
    const ssize_t written = ::write(fd, data, n);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EINVAL && (::fcntl(fd, F_GETFL) & O_DIRECT) != 0) {
      // After a write cut short, for example.
      if (set_direct(fd, false)) continue;
      errno = EINVAL;
    }
    if (written < 0) fail_errno(path, "write", errno);
    data += written;
    n -= static_cast<size_t>(written);
  }
}

}  // namespace

FileWriter::FileWriter(const std::string& path, Checksummed checksummed)
    : path_(path), buffer_(kWriteBufferBytes) {
  if (checksummed == Checksummed::yes) checksum_.emplace();
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_errno(path, "create", errno);
}

FileWriter::~FileWriter() {
  behind_.reset();
  if (fd_ >= 0) ::close(fd_);
}

FileWriter::FileWriter(FileWriter&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      n_bytes_(other.n_bytes_),
      checksum_(std::move(other.checksum_)),
      buffer_(std::move(other.buffer_)),
      n_buffered_(other.n_buffered_),
      behind_(std::move(other.behind_)) {}

void FileWriter::write(std::span<const std::byte> bytes) {
  if (checksum_) checksum_->update(bytes);
  n_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const size_t n = std::min(bytes.size(), kWriteBufferBytes - n_buffered_);
    std::memcpy(buffer_.data() + n_buffered_, bytes.data(), n);
    n_buffered_ += n;
    bytes = bytes.subspan(n);
    if (n_buffered_ == kWriteBufferBytes) write_full_buffer();
  }
}

void FileWriter::write_full_buffer() {
  if (!behind_) {
    set_direct(fd_, true);
    const auto write = [fd = fd_, path = path_](const PageBuffer& full) {
      write_all(fd, path, full.data(), kWriteBufferBytes);
    };
    behind_ = std::make_unique<WriteBehind>(kWriteBufferBytes, kBuffersBehind, write);
  }
  behind_->swap(buffer_);
  n_buffered_ = 0;
}

void FileWriter::write_rest() {
  if (behind_) {
    behind_->wait();
    set_direct(fd_, false);
  }
  write_all(fd_, path_, buffer_.data(), n_buffered_);
  n_buffered_ = 0;
}

void FileWriter::close() {
  write_rest();
  if (::close(std::exchange(fd_, -1)) != 0) fail_errno(path_, "close", errno);
}

// What is in the buffer is written where it belongs, and again with the rest of the buffer.
void FileWriter::sync() {
  if (behind_) {
    behind_->wait();
    set_direct(fd_, false);
  }
  std::span<const std::byte> rest(buffer_.data(), n_buffered_);
  for (uint64_t at = n_bytes_ - n_buffered_; !rest.empty();) {
    const ssize_t n = ::pwrite(fd_, rest.data(), rest.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno(path_, "write", errno);
    at += static_cast<uint64_t>(n);
    rest = rest.subspan(static_cast<size_t>(n));
  }
  if (behind_) set_direct(fd_, true);
  if (::fsync(fd_) != 0) fail_errno(path_, "sync", errno);
}

void FileWriter::finish() {
  write_rest();
  if (::fsync(fd_) != 0) fail_errno(path_, "sync", errno);
  if (::close(std::exchange(fd_, -1)) != 0) fail_errno(path_, "close", errno);
}

PlacedFile::PlacedFile(const std::string& path) : path_(path) {
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_errno(path, "create", errno);
}

PlacedFile::~PlacedFile() {
  if (fd_ >= 0) ::close(fd_);
}

PlacedFile::PlacedFile(PlacedFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

uint64_t PlacedFile::size() const {
  struct stat info = {};
  if (::fstat(fd_, &info) != 0) fail_errno(path_, "read", errno);
  return static_cast<uint64_t>(info.st_size);
}

void PlacedFile::write(uint64_t at, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno(path_, "write", errno);
    at += static_cast<uint64_t>(n);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void PlacedFile::read(uint64_t at, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno(path_, "read", errno);
    if (n == 0) fail(Code::corrupt, "{}: ends before byte {}", path_, at + bytes.size());
    at += static_cast<uint64_t>(n);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void PlacedFile::sync() {
  if (::fsync(fd_) != 0) fail_errno(path_, "sync", errno);
}

void write_file_atomically(const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  FileWriter writer(beside);
  writer.write(text);
  writer.finish();
  rename_durably(beside, path);
}

void rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_errno(to, "rename to this name", errno);
  const auto parent = std::filesystem::path(to).parent_path();
  sync_folder(parent.empty() ? "." : parent.string());
}

namespace {

void sync_path(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) fail_errno(path, "open", errno);
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0 && error != EINVAL) fail_errno(path, "sync", error);
}

}  // namespace

void sync_file(const std::string& path) { sync_path(path, O_RDONLY); }
void sync_folder(const std::string& path) { sync_path(path, O_RDONLY | O_DIRECTORY); }

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) fail(Code::environment, "{}: cannot remove: {}", path, error.message());
}

FileLock::FileLock(const std::string& path, std::string_view what_is_locked) {
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_errno(path, "create", errno);
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  ::close(std::exchange(fd_, -1));
  if (error != EWOULDBLOCK) fail_errno(path, "lock", error);
  fail(Code::exists, "{}: another process is writing it; wait for that one, or stop it",
       what_is_locked);
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace actogram
