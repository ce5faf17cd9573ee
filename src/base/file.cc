#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace actogram {
namespace {

constexpr size_t kWriteBufferBytes = size_t{1} << 20;
constexpr uint64_t kHandOverBytes = uint64_t{16} << 20;

[[noreturn]] void fail_errno(const std::string& path, const char* doing, int error) {
  const Code code = error == ENOENT ? Code::not_found : Code::environment;
  const char* hint = error == ENOSPC || error == EDQUOT ? "; free some space and run it again" : "";
  fail(code, "{}: cannot {}: {}{}", path, doing, std::strerror(error), hint);
}

void write_all(int fd, const std::string& path, const char* data, size_t n) {
  while (n > 0) {
    const ssize_t written = ::write(fd, data, n);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_errno(path, "write", errno);
    data += written;
    n -= static_cast<size_t>(written);
  }
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

void MappedFile::release_pages() const {
  if (data_ != nullptr) ::madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED);
}

std::string read_file(const std::string& path) { return std::string(MappedFile(path).text()); }

FileWriter::FileWriter(const std::string& path) : path_(path) {
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_errno(path, "create", errno);
  buffer_.reserve(kWriteBufferBytes);
}

FileWriter::~FileWriter() {
  if (fd_ >= 0) ::close(fd_);
}

FileWriter::FileWriter(FileWriter&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      n_bytes_(other.n_bytes_),
      n_handed_over_(other.n_handed_over_),
      checksum_(std::move(other.checksum_)),
      buffer_(std::move(other.buffer_)) {}

void FileWriter::write(std::span<const std::byte> bytes) {
  checksum_.update(bytes);
  const char* data = reinterpret_cast<const char*>(bytes.data());
  if (buffer_.size() + bytes.size() > kWriteBufferBytes) flush();
  if (bytes.size() >= kWriteBufferBytes) {
    write_all(fd_, path_, data, bytes.size());
  } else {
    buffer_.append(data, bytes.size());
  }
  n_bytes_ += bytes.size();
}

void FileWriter::flush() {
  write_all(fd_, path_, buffer_.data(), buffer_.size());
  buffer_.clear();
  if (n_bytes_ - n_handed_over_ < kHandOverBytes) return;
  // Only a hint: a file system that cannot take it loses nothing but time.
  ::sync_file_range(fd_, static_cast<off_t>(n_handed_over_),
                    static_cast<off_t>(n_bytes_ - n_handed_over_), SYNC_FILE_RANGE_WRITE);
  n_handed_over_ = n_bytes_;
}

void FileWriter::close() {
  flush();
  if (::close(std::exchange(fd_, -1)) != 0) fail_errno(path_, "close", errno);
}

void FileWriter::finish() {
  flush();
  if (::fsync(fd_) != 0) fail_errno(path_, "sync", errno);
  if (::close(std::exchange(fd_, -1)) != 0) fail_errno(path_, "close", errno);
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
