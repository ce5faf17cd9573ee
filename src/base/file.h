// Files, as the store and the readers need them: mapped for reading, written so that a crash leaves
// either the old state or the new one, and locked against a second writer.
//
// Every failure is an Error that names the path. Nothing here knows what the bytes mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/write_behind.h"

namespace actogram {

// A whole file, mapped read-only. An empty file gives an empty span.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

std::string read_file(const std::string& path);

// The same into memory that is kept from file to file, with `n_behind` bytes more, which are 0.
// Gives the size of the file. Error{unsupported} above `most` bytes, of which none are read.
size_t read_file(const std::string& path, size_t n_behind, size_t most, std::vector<char>& into);

// Parts of a large file that is read once, past the page cache where the file system can.
class PartReader {
 public:
  explicit PartReader(const std::string& path);
  ~PartReader();
  PartReader(PartReader&&) noexcept;
  PartReader& operator=(PartReader&&) = delete;

  uint64_t size() const { return size_; }
  // Bytes [begin, end), held in `buffer`. Error{corrupt} if the file is shorter.
  std::span<const std::byte> read(uint64_t begin, uint64_t end, PageBuffer& buffer) const;

 private:
  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// A new file, written front to back. finish() syncs it to the disk; without finish() the file is
// whatever a crash would have left, and the owner is expected to throw it away.
//
// A large file goes past the page cache (O_DIRECT) where the file system can: a recording is
// written once and seldom read at once, and filling the cache costs several times what the disk
// does. A few megabytes of it are on their way to the disk while the next are made (WriteBehind);
// what goes wrong with that is thrown by whatever is called next.
class FileWriter {
 public:
  // Where nobody asks for the checksum, going through the bytes for it can be saved.
  enum class Checksummed : uint8_t { yes, no };
  explicit FileWriter(const std::string& path, Checksummed checksummed = Checksummed::yes);
  ~FileWriter();
  FileWriter(FileWriter&&) noexcept;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void finish();
  void close();  // like finish(), but a power cut may still lose it until sync_file()
  // What was written so far is safe on the disk after it; writing goes on.
  void sync();

  uint64_t n_bytes() const { return n_bytes_; }
  std::string checksum() const { return checksum_.value().hex(); }
  const std::string& path() const { return path_; }

 private:
  void write_full_buffer();
  void write_rest();

  std::string path_;
  int fd_ = -1;
  uint64_t n_bytes_ = 0;
  std::optional<Checksum> checksum_;
  PageBuffer buffer_;
  size_t n_buffered_ = 0;
  std::unique_ptr<WriteBehind> behind_;  // once a buffer was full
};

// A file that is written and read at any place, in any order: what one process wrote, the next
// finds there. It grows as it is written; what was left out between two writes reads as zeros.
class PlacedFile {
 public:
  explicit PlacedFile(const std::string& path);  // made where it is not there
  ~PlacedFile();
  PlacedFile(PlacedFile&&) noexcept;
  PlacedFile& operator=(PlacedFile&&) = delete;

  uint64_t size() const;
  void write(uint64_t at, std::span<const std::byte> bytes);
  // Error{corrupt} if the file is shorter.
  void read(uint64_t at, std::span<std::byte> bytes) const;
  void sync();  // what was written is safe from a power cut after it

 private:
  std::string path_;
  int fd_ = -1;
};

// Replaces `path` in one step: written beside it, synced, renamed, and the folder synced.
void write_file_atomically(const std::string& path, std::string_view text);

// Renames and syncs the parent folder, so that the new name survives a power cut.
void rename_durably(const std::string& from, const std::string& to);
void sync_file(const std::string& path);
void sync_folder(const std::string& path);
void remove_tree(const std::string& path);

// An exclusive lock on `path`, released when the process ends however it ends. A second taker gets
// Error{exists}. The file itself stays.
class FileLock {
 public:
  FileLock(const std::string& path, std::string_view what_is_locked);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace actogram
