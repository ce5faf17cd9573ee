#include "codec/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50,
                   kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56,
                 kLocatorBytes = 20;
constexpr size_t kMaxComment = 65535;
constexpr uint16_t kStored = 0, kDeflated = 8, kEncrypted = 1, kZip64Extra = 1;
constexpr uint32_t kIn64 = 0xffffffff;  // a size or place that stands in the ZIP64 record instead
// Deflate's best: 258 bytes for two bits, and a block's overhead.
constexpr uint64_t kMaxRatio = 1032;

// `file` has the bytes; the caller has checked.
template <typename T>
T load(std::span<const std::byte> file, uint64_t at) {
  T number;
  std::memcpy(&number, file.data() + at, sizeof(number));
  return number;
}

bool holds(std::span<const std::byte> file, uint64_t at, uint64_t n) {
  return at <= file.size() && n <= file.size() - at;
}

// The 64-bit values of a ZIP64 extra field stand for those of the header that are all ones, in
// order.
class Zip64Values {
 public:
  Zip64Values(std::span<const std::byte> extra) {
    while (extra.size() >= 4) {
      const auto id = load<uint16_t>(extra, 0);
      const size_t n = std::min<size_t>(load<uint16_t>(extra, 2), extra.size() - 4);
      if (id == kZip64Extra) values_ = extra.subspan(4, n);
      extra = extra.subspan(4 + n);
    }
  }

  // False where the value should be here and is not.
  bool replace(uint64_t& value) {
    if (value != kIn64) return true;
    if (values_.size() < sizeof(uint64_t)) return false;
    value = load<uint64_t>(values_, 0);
    values_ = values_.subspan(sizeof(uint64_t));
    return true;
  }

 private:
  std::span<const std::byte> values_;
};

void inflate_all(std::span<const std::byte> from, std::vector<std::byte>& into,
                 const std::string& what) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    fail(Code::environment, "{}: zlib cannot be started", what);
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, &inflateEnd);
  constexpr size_t kPart = std::numeric_limits<uInt>::max() / 2;
  size_t read = 0, written = 0;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data() + read));
    stream.avail_in = static_cast<uInt>(std::min(kPart, from.size() - read));
    stream.next_out = reinterpret_cast<Bytef*>(into.data() + written);
    stream.avail_out = static_cast<uInt>(std::min(kPart, into.size() - written));
    const size_t n_in = stream.avail_in, n_out = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    read += n_in - stream.avail_in;
    written += n_out - stream.avail_out;
    const bool stuck = n_in == stream.avail_in && n_out == stream.avail_out;
    if ((status != Z_OK && status != Z_STREAM_END) || (status == Z_OK && stuck)) {
      fail(Code::corrupt, "{}: its compressed bytes are damaged", what);
    }
  }
  if (written != into.size()) {
    fail(Code::corrupt, "{}: inflates to {} bytes; {} are claimed", what, written, into.size());
  }
}

uint32_t checksum_of(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

bool ZipArchive::looks_like(std::span<const std::byte> file) {
  return file.size() >= kEndBytes &&
         (load<uint32_t>(file, 0) == kLocalHeader || load<uint32_t>(file, 0) == kEnd);
}

ZipArchive::ZipArchive(std::span<const std::byte> file, std::string what)
    : file_(file), what_(std::move(what)) {
  const Directory directory = find_directory();
  if (!holds(file_, directory.at, directory.n_bytes)) {
    fail(Code::corrupt, "{}: the archive's directory is said to be at bytes {} to {} of {}", what_,
         directory.at, directory.at + directory.n_bytes, file_.size());
  }
  uint64_t at = directory.at;
  const uint64_t end = directory.at + directory.n_bytes;
  for (uint64_t i = 0; i < directory.n_entries; ++i) at += read_entry(at, end);
}

ZipArchive::Directory ZipArchive::find_directory() const {
  const uint64_t n = file_.size();
  const uint64_t first = n < kEndBytes + kMaxComment ? 0 : n - kEndBytes - kMaxComment;
  for (uint64_t at = n - std::min<uint64_t>(n, kEndBytes) + 1; at-- > first;) {
    if (!holds(file_, at, kEndBytes) || load<uint32_t>(file_, at) != kEnd) continue;
    Directory found{load<uint32_t>(file_, at + 16), load<uint32_t>(file_, at + 12),
                    load<uint16_t>(file_, at + 10)};
    if (load<uint16_t>(file_, at + 4) != 0) {
      fail(Code::unsupported, "{}: an archive in several parts", what_);
    }
    if (at < kLocatorBytes || load<uint32_t>(file_, at - kLocatorBytes) != kEnd64Locator) {
      return found;
    }
    const auto end64 = load<uint64_t>(file_, at - kLocatorBytes + 8);
    if (!holds(file_, end64, kEnd64Bytes) || load<uint32_t>(file_, end64) != kEnd64) {
      fail(Code::corrupt, "{}: the archive's ZIP64 record is not at byte {}", what_, end64);
    }
    return {load<uint64_t>(file_, end64 + 48), load<uint64_t>(file_, end64 + 40),
            load<uint64_t>(file_, end64 + 32)};
  }
  fail(Code::corrupt, "{}: a ZIP archive without its end: the file is truncated or damaged", what_);
}

// Returns how long the entry's record is.
size_t ZipArchive::read_entry(uint64_t at, uint64_t end) {
  const auto directory = file_.first(end);
  if (!holds(directory, at, kCentralBytes) || load<uint32_t>(file_, at) != kCentralHeader) {
    fail(Code::corrupt, "{}: the archive's directory breaks off at byte {}", what_, at);
  }
  const size_t n_name = load<uint16_t>(file_, at + 28), n_extra = load<uint16_t>(file_, at + 30),
               n_comment = load<uint16_t>(file_, at + 32);
  const size_t n_record = kCentralBytes + n_name + n_extra + n_comment;
  if (!holds(directory, at, n_record)) {
    fail(Code::corrupt, "{}: the archive's directory breaks off at byte {}", what_, at);
  }
  const std::string name(reinterpret_cast<const char*>(file_.data() + at + kCentralBytes), n_name);
  Entry entry{.header_at = load<uint32_t>(file_, at + 42),
              .n_compressed = load<uint32_t>(file_, at + 20),
              .n_bytes = load<uint32_t>(file_, at + 24),
              .crc32 = load<uint32_t>(file_, at + 16),
              .method = load<uint16_t>(file_, at + 10)};
  Zip64Values wide(file_.subspan(at + kCentralBytes + n_name, n_extra));
  if (!wide.replace(entry.n_bytes) || !wide.replace(entry.n_compressed) ||
      !wide.replace(entry.header_at)) {
    fail(Code::corrupt, "{}: entry {} has no ZIP64 sizes", what_, name);
  }
  if ((load<uint16_t>(file_, at + 8) & kEncrypted) != 0) {
    fail(Code::unsupported, "{}: entry {} is encrypted", what_, name);
  }
  if (!entries_.emplace(name, entry).second) {
    fail(Code::corrupt, "{}: two entries are named {}", what_, name);
  }
  return n_record;
}

std::span<const std::byte> ZipArchive::compressed(const Entry& entry, std::string_view name) const {
  uint64_t n_header = kLocalBytes;
  if (holds(file_, entry.header_at, kLocalBytes) &&
      load<uint32_t>(file_, entry.header_at) == kLocalHeader) {
    n_header += load<uint16_t>(file_, entry.header_at + 26);
    n_header += load<uint16_t>(file_, entry.header_at + 28);
    if (holds(file_, entry.header_at, n_header) &&
        holds(file_, entry.header_at + n_header, entry.n_compressed)) {
      return file_.subspan(entry.header_at + n_header, entry.n_compressed);
    }
  }
  fail(Code::corrupt, "{}: entry {}: {} bytes are said to be at byte {} of {}", what_, name,
       entry.n_compressed, entry.header_at, file_.size());
}

TensorBytes ZipArchive::read(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) fail(Code::corrupt, "{}: has no entry {}", what_, name);
  const Entry& entry = found->second;
  const std::string where = fmt::format("{}: entry {}", what_, name);
  const auto bytes = compressed(entry, name);
  TensorBytes content{bytes};
  if (entry.method == kDeflated) {
    if (entry.n_bytes / kMaxRatio > entry.n_compressed) {
      fail(Code::corrupt, "{}: {} bytes are claimed of {} compressed ones", where, entry.n_bytes,
           entry.n_compressed);
    }
    auto inflated = std::make_shared<std::vector<std::byte>>(entry.n_bytes);
    inflate_all(bytes, *inflated, where);
    content = {*inflated, inflated};
  } else if (entry.method != kStored) {
    fail(Code::unsupported, "{}: is compressed by method {}; stored and deflated are read", where,
         entry.method);
  } else if (entry.n_bytes != entry.n_compressed) {
    fail(Code::corrupt, "{}: is stored, and claims {} bytes in {}", where, entry.n_bytes,
         entry.n_compressed);
  }
  if (const uint32_t crc = checksum_of(content.bytes); crc != entry.crc32) {
    fail(Code::corrupt, "{}: checksum {:08x}, expected {:08x}: the file is damaged", where, crc,
         entry.crc32);
  }
  return content;
}

}  // namespace actogram
