// A ZIP archive in memory: what PyTorch (.pt) and NumPy (.npz) wrap their arrays in.
//
// Reads what APPNOTE.TXT 6.3 calls stored and deflated entries, with ZIP64 sizes, by the central
// directory at the end; an archive in several parts or an encrypted entry is Error{unsupported}.
// Stored entries are views of the file. Sizes are claims: an entry lies inside the file, and none
// inflates to more than deflate can make of its bytes, so memory is bounded by the file's size
// times some thousand, an entry at a time. Checksums are verified when an entry is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "codec/tensor.h"

namespace actogram {

class ZipArchive {
 public:
  struct Entry {
    uint64_t header_at = 0;  // of its local header
    uint64_t n_compressed = 0;
    uint64_t n_bytes = 0;
    uint32_t crc32 = 0;
    uint16_t method = 0;  // 0: stored, 8: deflated
  };

  // `file` outlives the archive and what is read from it; `what` names it in errors.
  ZipArchive(std::span<const std::byte> file, std::string what);

  static bool looks_like(std::span<const std::byte> file);  // begins like an archive

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  bool has(std::string_view name) const { return entries_.find(name) != entries_.end(); }

  // Error{corrupt} if there is no such entry, or its bytes are not what the directory says.
  TensorBytes read(std::string_view name) const;

 private:
  struct Directory {
    uint64_t at = 0;
    uint64_t n_bytes = 0;
    uint64_t n_entries = 0;
  };
  Directory find_directory() const;
  size_t read_entry(uint64_t at, uint64_t end);
  std::span<const std::byte> compressed(const Entry& entry, std::string_view name) const;

  std::span<const std::byte> file_;
  std::string what_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace actogram
