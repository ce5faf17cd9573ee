#include "codec/compression.h"

#include <arrow/util/compression.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include "codec/arrow_status.h"

namespace actogram {
namespace {

using Codec = std::unique_ptr<arrow::util::Codec>;

// Requires: not raw.
Codec codec_of(Compression compression, const std::string& what) {
  arrow::util::GZipCodecOptions deflate;
  switch (compression) {
    case Compression::zlib:
      deflate.gzip_format = arrow::util::GZipFormat::ZLIB;
      return ok(arrow::util::Codec::Create(arrow::Compression::GZIP, deflate), what);
    case Compression::gzip:
      return ok(arrow::util::Codec::Create(arrow::Compression::GZIP, deflate), what);
    case Compression::zstd:
      return ok(arrow::util::Codec::Create(arrow::Compression::ZSTD), what);
    case Compression::lz4_block:
      return ok(arrow::util::Codec::Create(arrow::Compression::LZ4), what);
    default:
      return ok(arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME), what);
  }
}

const uint8_t* data_of(std::span<const std::byte> bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), data_of(bytes),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

bool begins_as_zlib(std::span<const std::byte> bytes) {
  if (bytes.size() < 2) return false;
  const auto cmf = std::to_integer<unsigned>(bytes[0]), flg = std::to_integer<unsigned>(bytes[1]);
  return (cmf & 0x0f) == 8 && cmf >> 4 <= 7 && (cmf << 8 | flg) % 31 == 0;
}

constexpr size_t kBlockHead = sizeof(uint32_t);  // of lz4_block: the size of what follows
static_assert(std::endian::native == std::endian::little);

// Requires: compression is lz4_block, of no more than can be.
std::string decompress_block(std::span<const std::byte> bytes, size_t n, const std::string& what) {
  std::string out(n, '\0');
  const auto n_packed = static_cast<int64_t>(bytes.size() - kBlockHead);
  const int64_t n_found =
      ok(codec_of(Compression::lz4_block, what)
             ->Decompress(n_packed, data_of(bytes) + kBlockHead, static_cast<int64_t>(n),
                          reinterpret_cast<uint8_t*>(out.data())),
         what);
  if (n_found == static_cast<int64_t>(n)) return out;
  fail(Code::corrupt, "{}: {} of {} bytes that says {}", what, name_of(Compression::lz4_block),
       n_found, n);
}

}  // namespace

std::string_view name_of(Compression compression) {
  constexpr std::string_view kNames[] = {"raw", "zlib", "gzip", "zstd", "lz4", "lz4-block"};
  return kNames[static_cast<size_t>(compression) - 1];
}

Compression compression_of(std::span<const std::byte> bytes) {
  using namespace std::string_view_literals;
  if (begins_with(bytes, "\x1f\x8b\x08"sv)) return Compression::gzip;
  if (begins_with(bytes, "\x28\xb5\x2f\xfd"sv)) return Compression::zstd;
  if (begins_with(bytes, "\x04\x22\x4d\x18"sv)) return Compression::lz4;
  return begins_as_zlib(bytes) ? Compression::zlib : Compression::raw;
}

std::optional<size_t> lz4_block_size(std::span<const std::byte> bytes) {
  constexpr size_t kMostPerByte = 255;
  uint32_t size = 0;
  if (bytes.size() <= kBlockHead) return std::nullopt;
  std::memcpy(&size, bytes.data(), kBlockHead);
  if (size > kMostPerByte * (bytes.size() - kBlockHead)) return std::nullopt;
  return size;
}

std::string decompress(std::span<const std::byte> bytes, Compression compression, size_t most,
                       const std::string& what) {
  const auto fail_at_most = [&] {
    fail(Code::corrupt, "{}: {} that stands for more than the {} bytes there can be", what,
         name_of(compression), most);
  };
  if (compression == Compression::raw) {
    if (bytes.size() > most) fail_at_most();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  if (compression == Compression::lz4_block) {
    const auto size = lz4_block_size(bytes);
    if (!size) fail(Code::corrupt, "{}: not an {}", what, name_of(compression));
    if (*size > most) fail_at_most();
    return decompress_block(bytes, *size, what);
  }
  const auto stream = ok(codec_of(compression, what)->MakeDecompressor(), what);
  // One byte more than there may be shows that there is more.
  std::string out(std::min(most, 4 * bytes.size() + 256) + 1, '\0');
  size_t n_read = 0, n_written = 0;
  while (n_read < bytes.size() || !stream->IsFinished()) {
    if (stream->IsFinished()) ok(stream->Reset(), what);
    const auto step =
        ok(stream->Decompress(static_cast<int64_t>(bytes.size() - n_read), data_of(bytes) + n_read,
                              static_cast<int64_t>(out.size() - n_written),
                              reinterpret_cast<uint8_t*>(out.data()) + n_written),
           what);
    n_read += static_cast<size_t>(step.bytes_read);
    n_written += static_cast<size_t>(step.bytes_written);
    if (n_written > most) fail_at_most();
    if (n_written == out.size()) {
      out.resize(std::min(most, 2 * n_written) + 1);
    } else if (step.bytes_read == 0 && step.bytes_written == 0 && !stream->IsFinished()) {
      fail(Code::corrupt, "{}: {} that ends too early, after {} bytes", what, name_of(compression),
           bytes.size());
    }
  }
  out.resize(n_written);
  return out;
}

std::string compress(std::span<const std::byte> bytes, Compression compression,
                     const std::string& what) {
  if (compression == Compression::raw) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  const Codec codec = codec_of(compression, what);
  const auto n_bytes = static_cast<int64_t>(bytes.size());
  const size_t head = compression == Compression::lz4_block ? kBlockHead : 0;
  std::string out(head + static_cast<size_t>(codec->MaxCompressedLen(n_bytes, data_of(bytes))),
                  '\0');
  if (head > 0) {
    if (bytes.size() > UINT32_MAX)
      fail(Code::unsupported, "{}: more than an LZ4 block holds", what);
    const auto size = static_cast<uint32_t>(bytes.size());
    std::memcpy(out.data(), &size, head);
  }
  const int64_t n =
      ok(codec->Compress(n_bytes, data_of(bytes), static_cast<int64_t>(out.size() - head),
                         reinterpret_cast<uint8_t*>(out.data()) + head),
         what);
  out.resize(head + static_cast<size_t>(n));
  return out;
}

}  // namespace actogram
