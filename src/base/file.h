// Files, as the store and the readers need them: mapped for reading, written so that a crash leaves
// either the old state or the new one, and locked against a second writer.
//
// Every failure is an Error that names the path. Nothing here knows what the bytes mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "actogram/error.h"
#include "base/hash.h"

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

  // Lets the system forget the pages that were read; they come back from the file when needed.
  void release_pages() const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

std::string read_file(const std::string& path);

// A new file, written front to back. finish() syncs it to the disk; without finish() the file is
// whatever a crash would have left, and the owner is expected to throw it away. The disk begins to
// write while the file grows, so that a sync at the end has little left to wait for.
class FileWriter {
 public:
  explicit FileWriter(const std::string& path);
  ~FileWriter();
  FileWriter(FileWriter&&) noexcept;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void finish();
  void close();  // like finish(), but a power cut may still lose it until sync_file()

  uint64_t n_bytes() const { return n_bytes_; }
  std::string checksum() const { return checksum_.hex(); }
  const std::string& path() const { return path_; }

 private:
  void flush();

  std::string path_;
  int fd_ = -1;
  uint64_t n_bytes_ = 0;
  uint64_t n_handed_over_ = 0;  // to the disk, in the background
  Checksum checksum_;
  std::string buffer_;
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
